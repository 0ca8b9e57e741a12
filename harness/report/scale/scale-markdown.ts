/** What a planned number of streams needs, with the arithmetic. */
import {
  formatBytes,
  formatCores,
  formatCount,
  formatKibibytes,
  formatNumberOf,
} from "../format.ts";
import { type Estimated, formatEstimated, mapEstimated } from "../summary/estimated.ts";
import { type Role, STREAMS } from "../tables/cost-figures.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import {
  BUSY_AT_MOST,
  MOST_EVENTS_PER_S,
  type Need,
  needsOf,
  type ProcessLimits,
  type UnitCosts,
} from "./scale.ts";

export const PART_NAMES: Readonly<Record<Role, string>> = {
  server: "instances",
  router: "routers",
  broker: "Redis",
};

/** With its 95 % if there are enough runs for it. */
const shown = (estimated: Estimated | null, format: (value: number | null) => string): string =>
  estimated?.low === null ? format(estimated.value) : formatEstimated(estimated, format);

/** Measured costs per 1,000 streams, a row for each topology and role. */
export const unitCostsTable = (costs: readonly UnitCosts[]): string | null =>
  tableOf(
    costs.flatMap((one) => one.roles.map((cost) => ({ ...cost, topology: one.topology }))),
    [
      { heading: "topology", align: "l", cell: ({ topology }) => topology },
      { heading: "part", align: "l", cell: ({ role }) => PART_NAMES[role] },
      {
        heading: `cores per ${formatCount(STREAMS)} streams`,
        cell: ({ coresPerStream }) =>
          shown(
            mapEstimated(coresPerStream, (per) => per * STREAMS),
            formatCores,
          ),
      },
      {
        heading: "memory per stream",
        cell: ({ bytesPerStream }) => shown(bytesPerStream, formatKibibytes),
      },
    ],
  );

const needsTable = (needs: readonly Need[]): string | null =>
  tableOf(needs, [
    { heading: "part", align: "l", cell: ({ role }) => PART_NAMES[role] },
    { heading: "cores", cell: ({ cores }) => shown(cores, whole) },
    { heading: "memory", cell: ({ bytes }) => shown(bytes, formatBytes) },
    { heading: "streams of one process", cell: ({ ceilings }) => formatCount(lowest(ceilings)) },
    { heading: "because of", align: "l", cell: ({ ceilings }) => ceilings[0]?.by ?? "" },
    { heading: "processes", cell: ({ processes }) => formatCount(processes) },
    { heading: "at least", cell: ({ atLeast }) => formatCount(atLeast) },
  ]);

const whole = (value: number | null): string =>
  formatCount(value === null ? null : Math.ceil(value));

const lowest = (ceilings: Need["ceilings"]): number | null => ceilings[0]?.streams ?? null;

/** One line a role: how its processes follow from what was measured. */
function arithmetic(costs: UnitCosts, needs: readonly Need[], streams: number): string[] {
  return needs.flatMap(({ role, processes, ceilings }) => {
    const per = costs.roles.find((one) => one.role === role)?.coresPerStream.value ?? 0;
    const thousand = formatCores(per * STREAMS);
    return [
      `${PART_NAMES[role]}: ` +
        ceilings
          .map(({ by, streams: most }) =>
            by.includes("core")
              ? `${by} / ${thousand} x ${formatCount(STREAMS)} = ${formatCount(most)} streams`
              : `${formatCount(most)} streams by ${by}`,
          )
          .join("; ") +
        `; ${formatCount(streams)} / ${formatCount(lowest(ceilings))} = ${formatCount(processes)}`,
    ];
  });
}

/** The part whose process holds the fewest streams. */
export const firstToGiveIn = (needs: readonly Need[]): Need | undefined =>
  [...needs].sort((a, b) => (lowest(a.ceilings) ?? 0) - (lowest(b.ceilings) ?? 0))[0];

const each = (perSecond: number, { processes }: Need): string =>
  `${whole(perSecond / processes)} messages/s`;

/** Messages of the broker, if there is one. */
function messages(costs: UnitCosts, needs: readonly Need[], streams: number): string[] {
  const broker = needs.find(({ role }) => role === "broker");
  const servers = needs.find(({ role }) => role === "server");
  if (broker === undefined || servers === undefined) return [];
  const perSecond = streams * costs.eventsPerSecond;
  return [
    `Redis takes ${formatCount(streams)} x ${formatCount(costs.eventsPerSecond)} = ` +
      `${formatCount(perSecond)} messages/s, and gives each to the one instance that subscribed to ` +
      `its session: ${each(perSecond, servers)} for each of ` +
      `${formatNumberOf(servers.processes, "instance")}, and ` +
      `${each(perSecond, broker)} at each of ` +
      `${formatNumberOf(broker.processes, "shard")}.`,
    "If every instance got every message instead, as with one channel for all, each would take " +
      `${formatCount(perSecond)} messages/s, ${formatCount(servers.processes)} times as many.`,
  ];
}

/** The host of the lab carries all parts, and the load engine beside them. */
function onOneHost({ topology, roles }: UnitCosts, { routerCores }: ProcessLimits): string {
  const perStream = roles.reduce((sum, { coresPerStream }) => sum + coresPerStream.value, 0);
  const streams = Math.floor((routerCores * BUSY_AT_MOST) / perStream);
  return (
    `On one host all parts of ${topology} share the cores: ${formatNumberOf(routerCores, "core")} at ` +
    `${BUSY_AT_MOST * 100} % / ${formatCores(perStream * STREAMS)} x ${formatCount(STREAMS)} = ` +
    `${formatCount(streams)} streams, less what the load engine takes.`
  );
}

/** Table, arithmetic, messages, and the part that gives in first. */
export function renderScale(costs: UnitCosts, streams: number, limits: ProcessLimits): string {
  const needs = needsOf(costs, streams, limits);
  const first = firstToGiveIn(needs);
  const { eventsPerSecond, runs } = costs;
  return [
    `${formatCount(streams)} streams, each ${formatCount(eventsPerSecond)} events/s, by the costs ` +
      `of ${formatNumberOf(costs.streams, "stream")} at that rate ` +
      `(${formatNumberOf(runs, "run")} of ${costs.topology}). A process is at most ` +
      `${BUSY_AT_MOST * 100} % busy; a router has ${formatNumberOf(limits.routerCores, "core")}.`,
    needsTable(needs),
    arithmetic(costs, needs, streams)
      .map((line) => `- ${line}`)
      .join("\n"),
    "At least: if each process passed on as many events as prototypes that did nothing else: " +
      `${needs.map(({ role }) => `${PART_NAMES[role]} ${formatCount(MOST_EVENTS_PER_S[role])}/s`).join(", ")}.`,
    ...messages(costs, needs, streams),
    first === undefined
      ? null
      : `First to give in: ${PART_NAMES[first.role]}, at ${formatCount(lowest(first.ceilings))} ` +
        `streams of one process, because of ${first.ceilings[0]?.by ?? "its cores"}.`,
    onOneHost(costs, limits),
  ]
    .filter((block) => block !== null)
    .join("\n\n");
}
