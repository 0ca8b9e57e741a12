/** What each step of a migration cost. */
import type { RunResult } from "../../checker/run-result.ts";
import { DASH, formatCount, formatMs, formatPercent } from "../format.ts";
import { type Column, tableOf } from "./markdown-tables.ts";

export type Step = NonNullable<RunResult["steps"]>[number];

export interface StepColumn extends Column<Step> {
  /** Its place below the step in summary.json. Absent for figures that are worked out. */
  path?: string;
}

const overBroker = ({ published, overBroker: over }: Step): string =>
  published === 0 ? DASH : formatPercent(over / published);

export const causesOf = ({ lostByCause }: Step): string =>
  Object.entries(lostByCause)
    .map(([cause, lost]) => `${formatCount(lost)} ${cause}`)
    .join(", ") || DASH;

const count = (heading: string, path: string, of: (step: Step) => number): StepColumn => ({
  heading,
  path,
  cell: (step) => formatCount(of(step)),
});

const delivery = (heading: string, percentile: "p50" | "p99"): StepColumn => ({
  heading,
  path: `deliveryMs.${percentile}`,
  cell: ({ deliveryMs }) => formatMs(deliveryMs?.[percentile] ?? null),
});

/** Those that fit into a terminal. The first one names the step. */
export const STEP_FIGURES: readonly StepColumn[] = [
  { heading: "step", align: "l", cell: ({ name }) => name },
  count("due", "due", ({ due }) => due),
  count("lost", "lost", ({ lost }) => lost),
  count("never published", "neverPublished", ({ neverPublished }) => neverPublished),
  count("cut", "cut", ({ cut }) => cut),
  count("failed requests", "failed.requests", ({ failed }) => failed.requests),
  count("failed streams", "failed.streams", ({ failed }) => failed.streams),
  { heading: "over Redis", cell: overBroker },
  delivery("delivery p50", "p50"),
  delivery("delivery p99", "p99"),
];

export const STEP_COLUMNS: readonly StepColumn[] = [
  ...STEP_FIGURES,
  { heading: "lost by cause", align: "l", cell: causesOf },
];

export const STEP_LEGEND =
  "Each step lasts until the next one begins. Lost: events that were published and never " +
  "arrived. Never published: the pipeline died first. Cut: streams that ended without their " +
  "client's will. Failed: attempts, most of which the client repeats. Over Redis: share of the " +
  "published events.";

export const stepTable = ({ steps }: RunResult): string | null =>
  tableOf(steps ?? [], STEP_COLUMNS);
