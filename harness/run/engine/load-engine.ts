/** What makes the load of a comparison: the native engine, or the k6 scripts. */
import type { K6RunLabels } from "../../load/k6/process/k6-command.ts";
import type { LoadPlan } from "../../load/portable/load-plan.ts";
import { runLoad, type RunLoadOptions } from "../../load/native/run-load.ts";
import type { Summary } from "../../report/summary/summary.ts";

export type EngineName = Summary["engine"];

export interface LoadEngine {
  name: EngineName;
  /** Name of a stand-in for the engine; null for the real one. */
  standIn: string | null;
  /** Versions of its programs, for the manifest. */
  versions: Readonly<Record<string, string>>;
  /** What a reader of each run must know about the engine, one sentence each. */
  notes: readonly string[];
  /**
   * Puts one run's load on a router. `options.historyDir` is the run's own.
   *
   * @throws the abort signal's reason, or why there was no load; nothing of it is left then
   */
  load(plan: LoadPlan, labels: K6RunLabels, options: EngineOptions): Promise<MadeLoad>;
}

export type EngineOptions = Pick<
  RunLoadOptions,
  "historyDir" | "signal" | "onProgress" | "onPhase"
>;

export interface MadeLoad {
  /** Paths of the raw history, NDJSON. */
  segments: string[];
  /** What a reader of the report must know about this load, one sentence each. */
  notes: string[];
}

export const nativeEngine: LoadEngine = {
  name: "native",
  standIn: null,
  versions: {},
  notes: [],
  load: async (plan, _labels, options) => ({
    segments: (await runLoad(plan, options)).segments,
    notes: [],
  }),
};
