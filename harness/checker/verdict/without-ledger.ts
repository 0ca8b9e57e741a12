/** Rules and remarks for a service that keeps no ledger, or that a service file describes. */
import { plural } from "../../../common/portable/plural.ts";
import { MISSED_PLACES, type MissedPlace } from "../judge/counts.ts";
import { inMs, type Evidence } from "./evidence.ts";

/** Its figures would be of something else than the service's events. */
export function serviceFileIsWrong({ record: { misfits } }: Evidence): string | null {
  if (misfits.size === 0) return null;
  const [[most, sessions] = ["", 0]] = [...misfits].sort(
    ([a, first], [b, second]) => second - first || (a < b ? -1 : 1),
  );
  const others = misfits.size - 1;
  return (
    `The service does not fit its service file in ${plural(sessions, "session")}: ${most}` +
    (others === 0 ? "." : `; and in ${plural(others, "other way")}.`)
  );
}

/** One stuck stream is a finding; if all are, the service file names the wrong end. */
const LEAST_SESSIONS = 5;

/** A disturbed run may kill all its work, so only an undisturbed one shows it. */
export function nothingEnded({ record, context, counts }: Evidence): string | null {
  const names = context.withoutLedger?.terminal === true && record.run?.bounce === "none";
  if (!names || counts.sessions < LEAST_SESSIONS) return null;
  let heard = 0;
  for (const { sawTerminal, epochs } of record.sessions.values()) {
    if (sawTerminal) return null;
    if (epochs.size > 0) heard++;
  }
  return heard < LEAST_SESSIONS
    ? null
    : `None of ${plural(heard, "session")} with events saw a terminal event, with nothing in the ` +
        "way: does events.terminal of the service file fit? `sse-lab service check` tries it.";
}

/** Nothing tells whether such a run had more events to come. */
export function stillReceives({ counts: { stillReceiving } }: Evidence): string | null {
  if (stillReceiving === 0) return null;
  const whose = stillReceiving === 1 ? "it ends" : "they end";
  return (
    `${plural(stillReceiving, "stream")} without a terminal event still received events when ` +
    `the drain ended. A longer drain shows whether ${whose}.`
  );
}

/** A promise that allows any loss, or dead pipelines, allows what is one of both. */
export function missedIsNotPromised({ record, context, counts }: Evidence): string | null {
  const { withoutLedger } = context;
  const { allowedCauses = [], neverPublishedAllowed = false } = record.run?.promise ?? {};
  if (withoutLedger === null || allowedCauses.length > 0 || neverPublishedAllowed) return null;
  const { missed } = counts.outcomes;
  const stuck = counts.stuckStreams - counts.stillReceiving;
  if (missed > 0)
    return (
      `${plural(missed, "event")} never arrived, which the promise does not allow: ` +
      `${placesOf(counts.missedIn)}.`
    );
  return stuck === 0 || (withoutLedger.sequence && withoutLedger.total)
    ? null
    : `${plural(stuck, "stream")} never saw a terminal event, which the promise does not allow.`;
}

const PLACES: Readonly<Record<MissedPlace, string>> = {
  "never-connected": "of sessions that never connected",
  "nothing-arrived": "of streams on which nothing arrived",
  "on-a-stream": "between two events of one stream",
  "at-a-reconnect": "between two streams of a session",
  "after-last": "after the last event that arrived",
};

const placesOf = (missedIn: Readonly<Record<MissedPlace, number>>): string =>
  MISSED_PLACES.filter((place) => missedIn[place] > 0)
    .map((place) => `${missedIn[place]} ${PLACES[place]}`)
    .join(", ");

/** What the figures rest on, and what they cannot show. */
export function ledgerIsMissing({ context, counts }: Evidence): string | null {
  const { withoutLedger, publishClockErrorMs } = context;
  if (withoutLedger === null) return null;
  const { sequence, total, terminal } = withoutLedger;
  const hasTimes = counts.latency.samples + counts.recoveredDelay.samples > 0;
  return [
    "The service keeps no ledger.",
    sequence
      ? "Trusted: which events arrived, their gaps, duplicates and order, " +
        `${terminal ? "stuck streams, " : ""}cuts and reconnects. What never arrived is missed: ` +
        "lost or never published, and without a cause."
      : `Its events carry no numbers, so single losses cannot be seen. Trusted: ` +
        `${terminal ? "stuck streams, " : ""}silence, cuts and reconnects, and how many events ` +
        "arrived, compared with the control run.",
    ...(sequence && !total
      ? [
          "Only the service knows how many events a run has, so what a stuck stream missed " +
            "after its last event is not counted.",
        ]
      : []),
    ...(terminal ? [] : ["No event ends a run, so stuck streams cannot be seen."]),
    ...(sequence && !hasTimes
      ? [
          "No event states when it was published, so latencies are unknown, and replays count " +
            "as delivered.",
        ]
      : []),
    ...(hasTimes && publishClockErrorMs !== null
      ? [
          `Latencies rest on the publish times of the events, to within ${inMs(publishClockErrorMs)}.`,
        ]
      : []),
  ].join(" ");
}

export function nothingArrivedAt({ counts }: Evidence): string | null {
  return counts.nothingArrived === 0
    ? null
    : `No event reached ${counts.nothingArrived} of ${plural(counts.sessions, "session")}, ` +
        "although they had a stream.";
}

export const missedWhere = ({ counts: { outcomes, missedIn } }: Evidence): string | null =>
  outcomes.missed === 0 ? null : `Missed: ${placesOf(missedIn)}.`;

export function publishTimesAreWrong({ context, counts }: Evidence): string | null {
  const { count, worstMs } = counts.receivedEarly;
  return context.withoutLedger === null || count === 0
    ? null
    : `${plural(count, "event")} arrived before the publish time that ` +
        `${count === 1 ? "it states" : "they state"} (worst: ${inMs(worstMs)}), so latencies ` +
        "are left out.";
}
