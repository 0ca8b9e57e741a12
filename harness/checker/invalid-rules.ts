/** When a run did not meet what was promised of it. */
import type { Evidence, Rule } from "./evidence.ts";
import { plural } from "./evidence.ts";
import { CAUSES } from "../history/observation.ts";

export const INVALID_RULES = [
  { id: "loss-not-promised", when: lossIsNotPromised },
  {
    id: "never-published",
    when: ({ record, tally }) =>
      tally.outcomes.neverPublished > 0 && record.run?.promise.neverPublishedAllowed !== true
        ? `${plural(tally.outcomes.neverPublished, "pair was", "pairs were")} never published, which the promise does not allow.`
        : null,
  },
  {
    id: "plan-not-published",
    when: ({ tally: { neverPublishedBy } }) =>
      neverPublishedBy["completed-without"] === 0
        ? null
        : `${plural(neverPublishedBy["completed-without"], "planned pair")} is missing from pipelines that say that they completed.`,
  },
  {
    id: "duplicated",
    when: ({ tally }) =>
      tally.duplicated === 0
        ? null
        : `${plural(tally.duplicated, "event was", "events were")} received more than once.`,
  },
  {
    id: "unexpected",
    when: ({ tally }) =>
      tally.unexpected === 0
        ? null
        : `${plural(tally.unexpected, "event was", "events were")} received that no ledger knows: the ledgers contradict the clients.`,
  },
  {
    id: "reordered",
    when: ({ record, tally }) =>
      tally.reordered > 0 && record.run?.bounce === "none"
        ? `${plural(tally.reordered, "event was", "events were")} delivered after a later one, with nothing disturbed.`
        : null,
  },
  {
    id: "stuck-without-miss",
    when: ({ tally }) =>
      tally.stuckWithoutMiss === 0
        ? null
        : `${plural(tally.stuckWithoutMiss, "stream is", "streams are")} stuck although every due event arrived: no terminal event is among them.`,
  },
] as const satisfies readonly Rule[];

/** `unexplained` is a surprise, and nobody can promise one. */
function lossIsNotPromised({ record, tally }: Evidence): string | null {
  const allowed = record.run?.promise.allowedCauses ?? [];
  const broken = CAUSES.filter(
    (cause) => tally.lostByCause[cause] > 0 && (cause === "unexplained" || !allowed.includes(cause)),
  );
  if (broken.length === 0) return null;
  const counts = broken.map((cause) => `${tally.lostByCause[cause]} ${cause}`).join(", ");
  return `Lost against the promise: ${counts}.`;
}
