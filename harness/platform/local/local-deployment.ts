/** A topology that runs as processes of this host, made from its state: just started, or found again later. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { InstanceObservation } from "../../history/observation.ts";
import type { Deployment, LedgerFile } from "../platform.ts";
import { removeState, writeState, type DeploymentState } from "./deployment-state.ts";
import { controlInstances, type LocalInstanceControl } from "./instance-control.ts";
import type { ProcessSpec } from "./logged-process.ts";
import type { ProcessTable } from "./process-table.ts";
import type { Reaper } from "./reaper-client.ts";
import { removeOwnPaths } from "./remove-own-paths.ts";

export interface LocalDeployment extends Deployment {
  /** Names it on this host, e.g. `phase1-x3k9q2`. */
  id: string;
  topology: string;
  workDir: string;
  control: LocalInstanceControl;
  /** Leaves it running when this process ends, until `downAll`. Nothing of this object is to be used after it. */
  release(): Promise<void>;
}

export interface DeploymentListeners {
  onInstance?: ((instance: string, state: InstanceObservation["state"], atMs: number) => void) | undefined;
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface DeploymentParts extends DeploymentListeners {
  stateDir: string;
  state: DeploymentState;
  processes: ProcessTable;
  reaper?: Reaper;
  /** How to start each instance (again). */
  specs: ReadonlyMap<string, ProcessSpec>;
}

export const ledgerFolder = (workDir: string): string => join(workDir, "ledger");

export const instanceUrlsOf = (state: DeploymentState): Record<string, string> =>
  Object.fromEntries(state.instances.map(({ name, url }) => [name, url]));

/** The name of a ledger file as in the server's ledger contract. */
const LEDGER_FILE = /^(?<instance>.+)\.\d+\.ndjson$/;

const listLedgers = async (folder: string): Promise<LedgerFile[]> => {
  const names = await readdir(folder).catch(() => []);
  return names.sort().flatMap((name) => {
    const instance = LEDGER_FILE.exec(name)?.groups?.["instance"];
    return instance === undefined ? [] : [{ instance, path: join(folder, name) }];
  });
};

export const toDeployment = (parts: DeploymentParts): LocalDeployment => {
  const { state, stateDir, processes, reaper, specs } = parts;
  const ending = new AbortController();
  const signal = parts.signal ? AbortSignal.any([ending.signal, parts.signal]) : ending.signal;
  const instanceUrls = instanceUrlsOf(state);
  const control = controlInstances({
    urls: instanceUrls,
    specs,
    opsUrl: state.opsUrl,
    processes,
    onInstance: (instance, what, atMs) => {
      // What `down` ends is no longer news.
      if (!ending.signal.aborted) parts.onInstance?.(instance, what, atMs);
    },
    onStep: (step) => parts.onStep?.(step),
    signal,
  });
  let down: Promise<void> | undefined;
  const takeDown = async (): Promise<void> => {
    ending.abort(new Error(`${state.id} is being taken down`));
    await processes.end();
    await removeOwnPaths(state.workDir, state.ownPaths);
    removeState(stateDir, state.id);
    await reaper?.leave();
  };
  return {
    id: state.id,
    topology: state.topology,
    workDir: state.workDir,
    url: state.url,
    dashboardUrl: `${state.opsUrl}/dashboard/`,
    instances: state.instances.map(({ name }) => name),
    instanceUrls,
    control,
    versions: state.versions,
    ledgers: () => listLedgers(ledgerFolder(state.workDir)),
    down: () => (down ??= takeDown()),
    release: async () => {
      state.kept = true;
      writeState(stateDir, state);
      await reaper?.leave();
      processes.release();
    },
  };
};
