/** `--engine native|k6`: what makes the load. */
import { ENGINES } from "../../report/summary/summary.ts";
import { engineStandInLabel } from "../../report/realtime-implementation-note.ts";
import { createK6Engine } from "../../run/engine/k6-engine.ts";
import { type EngineName, type LoadEngine, nativeEngine } from "../../run/engine/load-engine.ts";
import { K6_HELP } from "../../load/k6/process/find-k6.ts";
import type { Topology } from "../../../infra/topologies.ts";
import { UserError } from "../../../common/user-error.ts";

export const ENGINE_HELP = `native (built in), or k6: the scripts of loadtests/ on a k6 of yours, one VU a session (${K6_HELP}); its console becomes the same history, so the same checker judges it`;

const isEngine = (name: string): name is EngineName => (ENGINES as readonly string[]).includes(name);

/** @throws UserError for one that there is not. */
export function checkEngine(asked: string): EngineName {
  if (isEngine(asked)) return asked;
  throw new UserError(`--engine ${asked}: unknown engine; choose from ${ENGINES.join(", ")}`);
}

export interface EngineChoice {
  engine: LoadEngine;
  /** What it is, for the user; undefined for the one that is always there. */
  detail?: string;
}

/** @throws UserError when there is no k6 that the scripts can run on */
export async function prepareEngine(
  name: EngineName,
  topologies: readonly Topology[],
  signal: AbortSignal,
): Promise<EngineChoice> {
  if (name === "native") return { engine: nativeEngine };
  const engine = await createK6Engine(topologies, process.env, signal);
  const { path, program, version, extension } = engine.k6;
  const named = engine.standIn === null ? program : engineStandInLabel(engine.standIn);
  const sse = extension === null ? "" : `, xk6-sse ${extension}`;
  return { engine, detail: `${named}, version ${version}${sse}, at ${path}` };
}
