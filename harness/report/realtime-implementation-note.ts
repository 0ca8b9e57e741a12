/**
 * Notes on stand-ins for Supabase Realtime and for the load engine, shown wherever figures depend
 * on them.
 */
import type { RunResult } from "../checker/run-result.ts";
import { escapeMarkdown, formatList } from "./format.ts";
import type { RunGroup } from "./summary/run-group.ts";
import type { Summary } from "./summary/summary.ts";

/** The client model for topologies with Realtime: it behaves as realtime-js does. */
const DIRECT_CLIENT = "realtime";

type Runs = Pick<RunGroup, "topology" | "runs">;

/** True if clients subscribe to the broker itself, so that their streams belong to no instance. */
export const isDirect = ({ runs }: Pick<RunGroup, "runs">): boolean =>
  runs.some((run) => run.realtime !== null);

/**
 * The client models of a comparison. Clients that subscribe to Realtime use another model than the
 * scenario names.
 */
export const clientModels = (
  { client, runs }: { client: string; runs: readonly RunResult[] },
  shown: (model: string) => string,
): string => {
  const direct = runs.filter(({ realtime }) => realtime !== null);
  if (direct.length === 0) return shown(client);
  if (direct.length === runs.length) return shown(DIRECT_CLIENT);
  const topologies = [...new Set(direct.map(({ topology }) => escapeMarkdown(topology)))];
  return `${shown(client)} (in ${formatList(topologies)} ${shown(DIRECT_CLIENT)})`;
};

/** The stand-ins for Supabase Realtime in any of the runs. */
const standInsOf = (runs: readonly RunResult[]): string[] => [
  ...new Set(runs.flatMap(({ realtime }) => (realtime?.standIn === true ? [realtime.part] : []))),
];

export const isStandIn = ({ runs }: Pick<RunGroup, "runs">): boolean => standInsOf(runs).length > 0;

/** The topology, with the stand-in that it was measured on: `phase3 (realtime-standin)`. */
export const topologyLabel = ({ topology, runs }: Runs): string => {
  const parts = standInsOf(runs);
  return parts.length === 0 ? topology : `${topology} (${parts.join(", ")})`;
};

/** What a stand-in's figures are worth; null without a stand-in. */
export const standInSentence = (groups: readonly Runs[]): string | null => {
  const measured = groups.filter(isStandIn);
  if (measured.length === 0) return null;
  const parts = [...new Set(measured.flatMap(({ runs }) => standInsOf(runs)))];
  const topologies = [...new Set(measured.map(({ topology }) => topology))];
  return (
    `${formatList(parts)} served as Supabase Realtime in ${formatList(topologies)}. ` +
    "Losses and their causes are valid; its latency and costs say nothing about Supabase."
  );
};

/** The name of an engine stand-in, worded so that no reader takes it for k6. */
export const engineStandInLabel = (program: string): string =>
  `${program}, a contract double, not k6`;

/** What an engine stand-in's figures are worth; null if the engine itself ran. */
export const engineStandInSentence = ({
  engineStandIn,
}: Pick<Summary, "engineStandIn">): string | null =>
  engineStandIn === null
    ? null
    : `The load was made by ${engineStandInLabel(engineStandIn)}. ` +
      "Losses and their causes are valid; its speed and memory say nothing about k6.";
