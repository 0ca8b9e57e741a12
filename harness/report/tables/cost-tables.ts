/** Steady-state costs: a table per 1,000 streams, and the readings of each component. */
import type { RunResult } from "../../checker/run-result.ts";
import {
  coresOf,
  type CostFigure,
  countParts,
  type IsMeant,
  isWhole,
  memoryOf,
  receivedOf,
  type Role,
  sentOf,
  socketMemoryOf,
} from "./cost-figures.ts";
import {
  capitalise,
  DASH,
  formatBytes,
  formatCores,
  formatCount,
  formatKibibytes,
  formatMegabytes,
  formatSeconds,
} from "../format.ts";
import { ROLE_NAMES, STEADY } from "../glossary.ts";
import { type Column, tableOf } from "./markdown-tables.ts";
import { type RunGroup, groupFigure } from "../summary/run-group.ts";
import { topologyLabel } from "../realtime-implementation-note.ts";

/** For a figure that the host's kernel does not keep. */
export const NOT_ACCOUNTED = "not accounted on this host";
/** For a figure that a process's own account does not have. */
export const NOT_READ = "not read on platform local";
/** In place of a sum over only some of the components. */
export const PARTLY_READ = `${DASH} (a component was not read)`;

type PartCost = RunResult["costs"][number];

interface Row {
  group: RunGroup;
  label: string;
  isMeant: IsMeant;
}

/** Steady-state groups with costs. (A bounce adds costs of its own, for a varying time.) */
export const costedGroups = (groups: readonly RunGroup[]): RunGroup[] =>
  groups.filter(
    (group) => group.bounce === STEADY && group.measured.some((run) => run.costs.length > 0),
  );

const costsIn = (group: RunGroup): PartCost[] => group.measured.flatMap((run) => run.costs);

const ROLE_LABEL: Readonly<Record<Role, (parts: number) => string>> = {
  server: (parts) => (parts === 1 ? "server" : `${formatCount(parts)} servers`),
  router: () => "router",
  broker: () => "broker",
};

/** A row for each role and, if there are several, one for all of them. */
const rowsOf = (group: RunGroup): Row[] => {
  const rows = ROLE_NAMES.flatMap((role) => {
    const isMeant: IsMeant = (part) => part.role === role;
    const parts = countParts(group.measured, isMeant);
    return parts === 0 ? [] : [{ group, label: ROLE_LABEL[role](parts), isMeant }];
  });
  return rows.length > 1 ? [...rows, { group, label: "together", isMeant: () => true }] : rows;
};

const hasSockets = (groups: readonly RunGroup[]): boolean =>
  groups.some((group) => costsIn(group).some((cost) => cost.socketMemoryBytes !== null));
const hasNetwork = (groups: readonly RunGroup[]): boolean =>
  groups.some((group) =>
    costsIn(group).some((cost) => cost.receivedBytes !== null || cost.sentBytes !== null),
  );

/** Names the figures that no component has; empty if none is missing. */
export const notAccounted = (groups: readonly RunGroup[]): string => {
  const costed = costedGroups(groups);
  const missing = [
    ...(hasSockets(costed) ? [] : ["socket memory"]),
    ...(hasNetwork(costed) ? [] : ["network"]),
  ];
  if (costed.length === 0 || missing.length === 0) return "";
  return (
    ` ${capitalise(missing.join(" and "))} ${missing.length === 1 ? "is" : "are"} ` +
    `${whyMissing(costed.flatMap(costsIn))}.`
  );
};

/** Only a container's account can have the figure. */
const whyMissing = (costs: readonly PartCost[]): string =>
  costs.some(({ source }) => source === "cgroup") ? NOT_ACCOUNTED : NOT_READ;

/**
 * One row per topology and role.
 * @param durationS how long each stream carried load
 */
export const costsTable = (groups: readonly RunGroup[], durationS: number): string | null => {
  const costed = costedGroups(groups);
  const column = (
    heading: string,
    figure: CostFigure,
    format: (value: number | null) => string,
    lacking?: (cost: PartCost) => boolean,
  ): Column<Row> => ({
    heading,
    cell: ({ group, isMeant }) => {
      const peers = group.measured;
      const figures = (run: RunResult): number | null => figure(run, isMeant, peers);
      if (peers.some((run) => figures(run) !== null)) return groupFigure(group, figures, format);
      if (!peers.some((run) => isWhole(run, isMeant, peers))) return PARTLY_READ;
      return lacking === undefined
        ? DASH
        : whyMissing(costsIn(group).filter(isMeant).filter(lacking));
    },
  });
  const lacks =
    (key: "socketMemoryBytes" | "receivedBytes" | "sentBytes") =>
    (cost: PartCost): boolean =>
      cost[key] === null;
  return tableOf(costed.flatMap(rowsOf), [
    { heading: "topology", align: "l", cell: ({ group }) => topologyLabel(group) },
    { heading: "component", align: "l", cell: ({ label }) => label },
    column("cores per 1,000 streams", coresOf(durationS), formatCores),
    column("memory per stream", memoryOf, formatKibibytes),
    ...(hasSockets(costed)
      ? [
          column(
            "socket memory per stream",
            socketMemoryOf,
            formatKibibytes,
            lacks("socketMemoryBytes"),
          ),
        ]
      : []),
    ...(hasNetwork(costed)
      ? [
          column(
            "in per 1,000 streams",
            receivedOf(durationS),
            formatMegabytes,
            lacks("receivedBytes"),
          ),
          column("out per 1,000 streams", sentOf(durationS), formatMegabytes, lacks("sentBytes")),
        ]
      : []),
  ]);
};

/** The readings behind the figures per 1,000 streams, component by component. */
export const partsTable = (groups: readonly RunGroup[]): string | null => {
  const costed = costedGroups(groups);
  const rows = costed.flatMap((group) => {
    const parts = new Map(costsIn(group).map((cost) => [`${cost.source} ${cost.part}`, cost]));
    return [...parts.values()].map(({ part, source, role }) => ({ group, part, source, role }));
  });
  type PartRow = (typeof rows)[number];
  const column = (
    heading: string,
    figure: (cost: PartCost) => number | null,
    format: (value: number | null) => string,
  ): Column<PartRow> => ({ heading, cell: (row) => figureOf(row, figure, format) });
  const figureOf = (
    { group, part, source }: PartRow,
    figure: (cost: PartCost) => number | null,
    format: (value: number | null) => string,
  ): string =>
    groupFigure(
      group,
      (run) => {
        const own = run.costs.find((cost) => cost.part === part && cost.source === source);
        return own === undefined ? null : figure(own);
      },
      format,
    );
  const level = (
    heading: string,
    levelOf: (cost: PartCost) => { first: number; peak: number } | null,
  ): Column<PartRow> => ({
    heading,
    cell: (row) => {
      const [first, peak] = (["first", "peak"] as const).map((end) =>
        figureOf(row, (cost) => levelOf(cost)?.[end] ?? null, formatBytes),
      );
      return first === peak ? (first ?? DASH) : `${first ?? DASH} → ${peak ?? DASH}`;
    },
  });
  return tableOf(rows, [
    { heading: "topology", align: "l", cell: ({ group }) => topologyLabel(group) },
    { heading: "component", align: "l", cell: ({ part }) => part },
    { heading: "role", align: "l", cell: ({ role }) => role },
    { heading: "read from", align: "l", cell: ({ source }) => source },
    column("CPU", (cost) => cost.cpuSeconds, formatSeconds),
    level("memory", (cost) => cost.memoryBytes),
    ...(hasSockets(costed) ? [level("socket memory", (cost) => cost.socketMemoryBytes)] : []),
    ...(hasNetwork(costed)
      ? [
          column("in", (cost) => cost.receivedBytes, formatBytes),
          column("out", (cost) => cost.sentBytes, formatBytes),
        ]
      : []),
  ]);
};
