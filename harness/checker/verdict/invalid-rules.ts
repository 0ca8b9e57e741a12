/** When a run broke its topology's promise. */
import { plural } from "../../../common/portable/plural.ts";
import { CAUSES, type Cause } from "../../history/observation.ts";
import { missedIsNotPromised } from "./without-ledger.ts";
import { inMs, type Evidence, type Rule } from "./evidence.ts";

/** A client that splits events wrongly makes any number of names. */
const STRAY_NAMES = 3;

export const INVALID_RULES = [
  { id: "loss-not-promised", when: lossIsNotPromised },
  { id: "loss-not-promised-in-step", when: stepLostMore },
  { id: "never-published", when: neverPublishedIsNotPromised },
  { id: "missed-not-promised", when: missedIsNotPromised },
  { id: "refused", when: sessionsWereRefused },
  {
    id: "gate-stalled",
    when: ({ counts: { stalledAgainstPromise } }) =>
      stalledAgainstPromise === 0
        ? null
        : `${plural(stalledAgainstPromise, "pair was", "pairs were")} never published because ` +
          "gates stalled, which the promise does not allow.",
  },
  {
    id: "plan-not-published",
    when: ({ counts: { neverPublishedBy } }) =>
      neverPublishedBy["completed-without"] === 0
        ? null
        : `${plural(neverPublishedBy["completed-without"], "planned pair")} is missing from ` +
          "pipelines that reported completion.",
  },
  {
    id: "duplicated",
    when: ({ record, counts }) => {
      const replaysMay = record.run?.promise.allowedDuplicates === "after-reconnect";
      const { all, onStream } = mayStartTwice(record) ? counts.repeatsOfTwins : NO_REPEATS;
      const again = replaysMay ? counts.duplicatedOnStream - onStream : counts.duplicated - all;
      return again === 0
        ? null
        : `${plural(again, "event was", "events were")} received more than once` +
            `${replaysMay ? " on one stream" : ""}.`;
    },
  },
  {
    id: "unexpected",
    when: ({ counts }) => {
      const unknown = counts.unexpected - countAll(counts.strays);
      return unknown === 0
        ? null
        : `Clients received ${plural(unknown, "event")} that no ledger contains: ` +
            "ledgers and clients contradict each other.";
    },
  },
  { id: "stray", when: strayEvents },
  {
    id: "reordered",
    when: ({ record, counts }) =>
      counts.reordered > 0 && record.run?.bounce === "none"
        ? `${plural(counts.reordered, "event")} arrived after a later one in steady state.`
        : null,
  },
  {
    id: "terminal-overtaken",
    when: ({ record, counts: { indeterminateBy } }) =>
      indeterminateBy.overtaken > 0 && record.run?.bounce === "none"
        ? `${plural(indeterminateBy.overtaken, "event")} had not arrived when the client left at ` +
          "the terminal event, which was published later: lost or overtaken."
        : null,
  },
  {
    id: "cut-undisturbed",
    when: ({ counts: { cutUndisturbed } }) =>
      cutUndisturbed === 0
        ? null
        : `${plural(cutUndisturbed, "stream was", "streams were")} cut although no bounce was ` +
          "under way.",
  },
  {
    id: "never-came-back",
    when: ({ counts, context }) =>
      counts.neverCameBack === 0
        ? null
        : `${plural(counts.neverCameBack, "cut stream")} never came back, although at least ` +
          `${inMs(context.returnMs)} remained.`,
  },
  {
    id: "stuck-without-miss",
    when: ({ counts }) =>
      counts.stuckWithoutMiss === 0
        ? null
        : `${plural(counts.stuckWithoutMiss, "stream is", "streams are")} stuck although every ` +
          "due event arrived: none of them was terminal.",
  },
] as const satisfies readonly Rule[];

const NO_REPEATS = { all: 0, onStream: 0 } as const;

/** Where pipelines may die with their instance, their owner is stored nowhere. */
const mayStartTwice = ({ run }: Evidence["record"]): boolean =>
  run?.promise.neverPublishedAllowed === true;

const countAll = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

/**
 * The service sent what the event contract does not know, or the client took a comment for an
 * event.
 */
function strayEvents({ counts: { strays } }: Evidence): string | null {
  if (strays.size === 0) return null;
  const byCount = [...strays].sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1));
  const names = byCount.slice(0, STRAY_NAMES).map(([name, count]) => `${count} named "${name}"`);
  const others = countAll(new Map(byCount.slice(STRAY_NAMES)));
  const listed = [...names, ...(others === 0 ? [] : [`${others} with other names`])].join(", ");
  const all = countAll(strays);
  const belong = all === 1 ? "belongs" : "belong";
  return `Clients read ${plural(all, "event")} that ${belong} to no pipeline run: ${listed}.`;
}

/**
 * A promise that lets pipelines die with their instance excuses what a bounce did: pipelines that
 * died or were aborted, and sessions that no instance answered. It does not excuse a pipeline that
 * never started for no recorded reason. Refusals, stalled gates and shortened plans have rules of
 * their own.
 */
function neverPublishedIsNotPromised({
  record,
  counts: { neverPublishedBy: by },
}: Evidence): string | null {
  const byBounce = by.died + by.aborted + by["kept-from-starting"];
  const mayDie = record.run?.promise.neverPublishedAllowed === true;
  const unexcused = by["never-started"] + (mayDie ? 0 : byBounce);
  if (unexcused === 0) return null;
  const why =
    by["never-started"] === 0
      ? ""
      : ` (${by["never-started"]} belong to pipelines that never started although no bounce ` +
        "prevented it)";
  return (
    `${plural(unexcused, "pair was", "pairs were")} never published, which the promise does ` +
    `not allow${why}.`
  );
}

/** A promise that allows losses to a limit also allows sessions that the limit keeps out. */
function sessionsWereRefused({
  record,
  counts: { refusedBy, overQuota },
}: Evidence): string | null {
  const forLimit = record.run?.promise.allowedCauses.includes("quota") === true ? 0 : overQuota;
  const statuses = [...refusedBy].sort(([a], [b]) => a - b);
  const sessions = statuses.reduce((sum, [, count]) => sum + count, forLimit);
  if (sessions === 0) return null;
  const listed = [
    ...statuses.map(([status, count]) => `${count} with status ${status}`),
    ...(forLimit === 0 ? [] : [`${forLimit} by a limit of the broker`]),
  ].join(", ");
  const whose = sessions === 1 ? "its pipeline" : "their pipelines";
  return (
    `${plural(sessions, "session was", "sessions were")} refused, so ${whose} did not start ` +
    `in time: ${listed}.`
  );
}

/** No promise can allow `unexplained`. */
function lossIsNotPromised({ record, counts }: Evidence): string | null {
  const allowed: Cause[] = [
    ...(record.run?.promise.allowedCauses ?? []),
    ...(mayStartTwice(record) ? (["started-twice"] as const) : []),
  ];
  const broken = CAUSES.filter(
    (cause) =>
      counts.lostByCause[cause] > 0 && (cause === "unexplained" || !allowed.includes(cause)),
  );
  if (broken.length === 0) return null;
  const listed = broken.map((cause) => `${counts.lostByCause[cause]} ${cause}`).join(", ");
  return `Events were lost in ways that the promise does not allow: ${listed}.`;
}

/** Of a migration: each of its steps has a narrower promise than the whole. */
function stepLostMore({ steps }: Evidence): string | null {
  const broken = (steps ?? []).flatMap(({ name, lostByCause, allowedCauses }) =>
    CAUSES.filter(
      (cause) => lostByCause[cause] !== undefined && !allowedCauses.includes(cause),
    ).map((cause) => `${lostByCause[cause] ?? 0} ${cause} in "${name}"`),
  );
  if (broken.length === 0) return null;
  return `Steps lost events in ways that they may not: ${broken.join(", ")}.`;
}
