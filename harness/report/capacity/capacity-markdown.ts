/** The output of `sse-lab capacity`. */
import {
  formatBytes,
  formatCores,
  formatCount,
  formatMs,
  formatNumberOf,
  formatPercent,
} from "../format.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import type { CapacityStep, FirstToGiveIn, PartUse, Thresholds } from "./capacity.ts";

export interface Capacity {
  topology: string;
  replicas: number;
  thresholds: Thresholds;
  /** In the order in which they were tried. */
  steps: CapacityStep[];
  /** The highest level that held. Null: none did. */
  held: CapacityStep | null;
  /** The lowest level that broke. Null: none did. */
  broke: CapacityStep | null;
  /** Null if none broke. */
  first: FirstToGiveIn | null;
}

export const levelOf = ({ sessions, rate }: Pick<CapacityStep, "sessions" | "rate">): string =>
  `${formatNumberOf(sessions, "session")} x ${formatCount(rate)} events/s`;

const partOf = ({ part, cores, memoryBytes }: PartUse): string =>
  `${part} ${formatCores(cores)} cores, ${formatBytes(memoryBytes)}`;

/** One line of progress. */
export const describeStep = (step: CapacityStep): string =>
  [
    `${levelOf(step)}: ${step.holds ? "held" : `broke: ${step.broke.join("; ")}`}`,
    `p99 ${formatMs(step.p99Ms)}`,
    `engine lag ${formatMs(step.engineLagMs)}`,
    `host ${formatPercent(step.hostBusy)} busy`,
    ...step.parts.slice(0, 1).map((part) => `busiest: ${partOf(part)}`),
  ].join(" · ");

const stepsTable = (steps: readonly CapacityStep[]): string | null =>
  tableOf(steps, [
    { heading: "sessions", cell: ({ sessions }) => formatCount(sessions) },
    { heading: "events/s each", cell: ({ rate }) => formatCount(rate) },
    { heading: "missed", cell: ({ missed }) => formatPercent(missed) },
    { heading: "p99", cell: ({ p99Ms }) => formatMs(p99Ms) },
    { heading: "engine lag p99", cell: ({ engineLagMs }) => formatMs(engineLagMs) },
    { heading: "host busy", cell: ({ hostBusy }) => formatPercent(hostBusy) },
    { heading: "parts", align: "l", cell: ({ parts }) => parts.map(partOf).join("; ") },
    { heading: "held", align: "l", cell: ({ holds, broke }) => (holds ? "yes" : broke.join("; ")) },
  ]);

const answerOf = ({ held, broke, first }: Capacity): string[] => [
  held === null ? "Not even the first level held." : `Held: ${levelOf(held)}.`,
  broke === null
    ? "Nothing broke up to the largest load that was asked for."
    : `Broke: ${levelOf(broke)}: ${broke.broke.join("; ")}.`,
  ...(first === null ? [] : [`First to give in: ${first.part ?? "unknown"}: ${first.why}.`]),
];

/** @param scale what a planned number of streams needs; undefined without costs */
export const renderCapacity = (capacity: Capacity, scale: string | undefined): string => {
  const { topology, replicas, thresholds, steps } = capacity;
  return [
    `# Capacity of ${topology} with ${formatNumberOf(replicas, "instance")}`,
    answerOf(capacity).join("\n"),
    `Limits: ${formatPercent(thresholds.missed)} of the due events missed, p99 ` +
      `${formatMs(thresholds.p99Ms)} from the intended publish time to the read.`,
    stepsTable(steps),
    scale === undefined ? null : `## On paper\n\n${scale}`,
  ]
    .filter((block) => block !== null)
    .join("\n\n");
};
