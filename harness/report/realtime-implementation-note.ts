/** Where something else played Supabase Realtime, or the load engine: said wherever somebody looks. */
import type { RunResult } from "../checker/run-result.ts";
import { escapeMarkdown, formatList } from "./format.ts";
import type { RunGroup } from "./summary/run-group.ts";
import type { Summary } from "./summary/summary.ts";

/** Of the load engine, for topologies with Realtime: a client that does as realtime-js does. */
const DIRECT_CLIENT = "realtime";

type Runs = Pick<RunGroup, "topology" | "runs">;

/** Clients subscribe to the broker itself: their streams belong to no instance. */
export const isDirect = ({ runs }: Pick<RunGroup, "runs">): boolean =>
  runs.some((run) => run.realtime !== null);

/** The client models of a comparison, as Markdown: where clients subscribe to Realtime, theirs is not the one that the scenario names. */
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

/** Whatever played Realtime without being Supabase's own server, in any of the runs. */
const standInsOf = (runs: readonly RunResult[]): string[] => [
  ...new Set(runs.flatMap(({ realtime }) => (realtime?.standIn === true ? [realtime.part] : []))),
];

export const isStandIn = ({ runs }: Pick<RunGroup, "runs">): boolean => standInsOf(runs).length > 0;

/** The topology, with the stand-in that it was measured on: `phase3 (realtime-standin)`. */
export const topologyLabel = ({ topology, runs }: Runs): string => {
  const parts = standInsOf(runs);
  return parts.length === 0 ? topology : `${topology} (${parts.join(", ")})`;
};

/** One sentence; null where no stand-in took part. */
export const standInSentence = (groups: readonly Runs[]): string | null => {
  const played = groups.filter(isStandIn);
  if (played.length === 0) return null;
  const parts = [...new Set(played.flatMap(({ runs }) => standInsOf(runs)))];
  const topologies = [...new Set(played.map(({ topology }) => topology))];
  return `${formatList(parts)} played Supabase Realtime in ${formatList(topologies)}: what is lost and why is measured, its latency and its costs say nothing about Supabase.`;
};

/** What a program that plays the engine is called, so that nobody takes it for k6. */
export const engineStandInLabel = (program: string): string => `${program}, a contract double, not k6`;

/** One sentence; null where the engine was what it is called. */
export const engineStandInSentence = ({ engineStandIn }: Pick<Summary, "engineStandIn">): string | null =>
  engineStandIn === null
    ? null
    : `The load was made by ${engineStandInLabel(engineStandIn)}: what is lost and why is measured, its own speed and memory say nothing about k6.`;
