/** When a run did not meet what was promised of it. */
import { type Evidence, type Rule, inMs, plural } from "./evidence.ts";
import { CAUSES } from "../../history/observation.ts";

/** A client that splits events wrongly makes any number of names. */
const STRAY_NAMES = 3;

export const INVALID_RULES = [
  { id: "loss-not-promised", when: lossIsNotPromised },
  { id: "never-published", when: neverPublishedIsNotPromised },
  { id: "refused", when: sessionsWereRefused },
  {
    id: "gate-stalled",
    when: ({ counts: { stalledAgainstPromise } }) =>
      stalledAgainstPromise === 0
        ? null
        : `${plural(stalledAgainstPromise, "pair was", "pairs were")} never published behind gates that stalled, which the promise does not allow.`,
  },
  {
    id: "plan-not-published",
    when: ({ counts: { neverPublishedBy } }) =>
      neverPublishedBy["completed-without"] === 0
        ? null
        : `${plural(neverPublishedBy["completed-without"], "planned pair")} is missing from pipelines that say that they completed.`,
  },
  {
    id: "duplicated",
    when: ({ counts }) =>
      counts.duplicated === 0
        ? null
        : `${plural(counts.duplicated, "event was", "events were")} received more than once.`,
  },
  {
    id: "unexpected",
    when: ({ counts }) => {
      const unknown = counts.unexpected - countAll(counts.strays);
      return unknown === 0
        ? null
        : `${plural(unknown, "event was", "events were")} received that no ledger knows: the ledgers contradict the clients.`;
    },
  },
  { id: "stray", when: eventsAreOfNoRun },
  {
    id: "reordered",
    when: ({ record, counts }) =>
      counts.reordered > 0 && record.run?.bounce === "none"
        ? `${plural(counts.reordered, "event was", "events were")} delivered after a later one, with nothing disturbed.`
        : null,
  },
  {
    id: "never-came-back",
    when: ({ counts, context }) =>
      counts.neverCameBack === 0
        ? null
        : `${plural(counts.neverCameBack, "stream")} never came back after a cut, although ${inMs(context.returnMs)} and more were left.`,
  },
  {
    id: "stuck-without-miss",
    when: ({ counts }) =>
      counts.stuckWithoutMiss === 0
        ? null
        : `${plural(counts.stuckWithoutMiss, "stream is", "streams are")} stuck although every due event arrived: no terminal event is among them.`,
  },
] as const satisfies readonly Rule[];

const countAll = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

/** The service sent what the event contract does not know, or the client took a comment for an event. */
function eventsAreOfNoRun({ counts: { strays } }: Evidence): string | null {
  if (strays.size === 0) return null;
  const byCount = [...strays].sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1));
  const names = byCount.slice(0, STRAY_NAMES).map(([name, count]) => `${count} named "${name}"`);
  const others = countAll(new Map(byCount.slice(STRAY_NAMES)));
  const told = [...names, ...(others === 0 ? [] : [`${others} with other names`])].join(", ");
  return `${plural(countAll(strays), "event was", "events were")} read that ${strays.size === 1 && countAll(strays) === 1 ? "is" : "are"} none of a pipeline run: ${told}.`;
}

/**
 * A promise that lets pipelines die with their instance excuses what a bounce did: pipelines that died or were aborted, and
 * sessions that found nobody to start theirs. It does not excuse a pipeline that never started for no reason on record.
 * Refusals, stalled gates and plans cut short have sentences of their own.
 */
function neverPublishedIsNotPromised({ record, counts: { neverPublishedBy: by } }: Evidence): string | null {
  const byBounce = by.died + by.aborted + by["kept-from-starting"];
  const mayDie = record.run?.promise.neverPublishedAllowed === true;
  const unexcused = by["never-started"] + (mayDie ? 0 : byBounce);
  if (unexcused === 0) return null;
  const why =
    by["never-started"] === 0
      ? ""
      : ` (${by["never-started"]} of pipelines that never started, and no bounce has kept them from it)`;
  return `${plural(unexcused, "pair was", "pairs were")} never published, which the promise does not allow${why}.`;
}

/** A promise that allows losses for a limit allows what else that limit does: sessions that never get on. */
function sessionsWereRefused({ record, counts: { refusedBy, overQuota } }: Evidence): string | null {
  const forLimit = record.run?.promise.allowedCauses.includes("quota") === true ? 0 : overQuota;
  const statuses = [...refusedBy].sort(([a], [b]) => a - b);
  const sessions = statuses.reduce((sum, [, count]) => sum + count, forLimit);
  if (sessions === 0) return null;
  const listed = [
    ...statuses.map(([status, count]) => `${count} with status ${status}`),
    ...(forLimit === 0 ? [] : [`${forLimit} for a limit of the broker`]),
  ].join(", ");
  return `${plural(sessions, "session was", "sessions were")} refused, so no pipeline started in time for ${sessions === 1 ? "it" : "them"}: ${listed}.`;
}

/** `unexplained` is a surprise, and nobody can promise one. */
function lossIsNotPromised({ record, counts }: Evidence): string | null {
  const allowed = record.run?.promise.allowedCauses ?? [];
  const broken = CAUSES.filter(
    (cause) => counts.lostByCause[cause] > 0 && (cause === "unexplained" || !allowed.includes(cause)),
  );
  if (broken.length === 0) return null;
  const listed = broken.map((cause) => `${counts.lostByCause[cause]} ${cause}`).join(", ");
  return `Lost against the promise: ${listed}.`;
}
