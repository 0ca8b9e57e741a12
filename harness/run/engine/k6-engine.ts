import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Topology } from "../../../infra/topologies.ts";
import { bundleScript, type ScriptName } from "../../load/k6/scripts/bundle-scripts.ts";
import { findK6, type FoundK6 } from "../../load/k6/process/find-k6.ts";
import { runK6Load } from "../../load/k6/run-k6-load.ts";
import { engineStandInLabel } from "../../report/realtime-implementation-note.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { startEngineReaper } from "./engine-reaper.ts";
import type { LoadEngine } from "./load-engine.ts";
import { createWorkFolder } from "../results/work-folder.ts";

/** The script that behaves like the clients of a topology. */
const scriptOf = (realtime: boolean): ScriptName => (realtime ? "realtime" : "sse");

/**
 * The k6 scripts as a load engine, run by the user's own k6. They are bundled here, before the
 * first run, so that no bundler disturbs a run.
 * @throws UserError when there is no k6 that can run them
 */
export async function createK6Engine(
  topologies: readonly Topology[],
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<LoadEngine & { k6: FoundK6 }> {
  const needed = [...new Set(topologies.map((topology) => scriptOf(usesRealtime(topology))))];
  const needsSse = needed.includes("sse");
  const k6 = await findK6({ env, needsSse, ...(signal ? { signal } : {}) });
  const scripts = await bundleAll(needed);
  const { standIn, version, extension } = k6;
  return {
    k6,
    name: "k6",
    standIn,
    versions: {
      [standIn ?? "k6"]: version,
      // The double has no real extension, so its version is not recorded.
      ...(standIn === null && needsSse ? { "xk6-sse": extension ?? "fetched by k6" } : {}),
    },
    notes:
      standIn === null
        ? []
        : [`The load was made by ${engineStandInLabel(standIn)} (version ${version}).`],
    load: async (plan, labels, options) => {
      const { historyDir } = options;
      const name = scriptOf(plan.client === "realtime");
      const script = join(historyDir, `${name}.js`);
      await writeFile(script, scripts.get(name) ?? "");
      const reaper = await startEngineReaper(historyDir);
      try {
        return await runK6Load(plan, {
          ...options,
          k6,
          script,
          labels,
          env,
          onSpawn: (pid) => reaper.watch(pid),
        });
      } finally {
        await reaper.leave();
      }
    },
  };
}

/** Text of each script's bundle. */
async function bundleAll(names: readonly ScriptName[]): Promise<ReadonlyMap<ScriptName, string>> {
  const folder = await createWorkFolder("k6-scripts");
  try {
    const scripts = new Map<ScriptName, string>();
    for (const name of names)
      scripts.set(name, await readFile(await bundleScript(name, folder), "utf8"));
    return scripts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
