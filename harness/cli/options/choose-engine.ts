/** `--engine native|k6`: what makes the load. */
import { UserError } from "../../../common/user-error.ts";
import type { Topology } from "../../../infra/topologies.ts";
import { K6_HELP } from "../../load/k6/k6-requirements.ts";
import { ENGINES } from "../../report/glossary.ts";
import type { EngineName, LoadEngine } from "../../run/engine/load-engine.ts";

export const ENGINE_HELP =
  `native (built in), or k6: your own k6 runs the scripts of loadtests/, one VU per session ` +
  `(${K6_HELP}); the same checker judges both`;

const isEngine = (name: string): name is EngineName =>
  (ENGINES as readonly string[]).includes(name);

/** @throws UserError for an unknown name */
export function checkEngine(asked: string): EngineName {
  if (isEngine(asked)) return asked;
  throw new UserError(`--engine ${asked}: unknown engine; choose from ${ENGINES.join(", ")}`);
}

export interface EngineChoice {
  engine: LoadEngine;
  /** Program, version and path, for the user; undefined for the built-in engine. */
  detail?: string;
}

/** @throws UserError when there is no k6 that can run the scripts */
export async function prepareEngine(
  name: EngineName,
  topologies: readonly Topology[],
  signal: AbortSignal,
): Promise<EngineChoice> {
  if (name === "native") {
    const { nativeEngine } = await import("../../run/engine/load-engine.ts");
    return { engine: nativeEngine };
  }
  const { createK6Engine } = await import("../../run/engine/k6-engine.ts");
  const { engineStandInLabel } = await import("../../report/realtime-implementation-note.ts");
  const engine = await createK6Engine(topologies, process.env, signal);
  const { path, standIn, version, extension } = engine.k6;
  const named = standIn === null ? "k6" : engineStandInLabel(standIn);
  const sse = extension === null ? "" : `, xk6-sse ${extension}`;
  return { engine, detail: `${named}, version ${version}${sse}, at ${path}` };
}
