/** Load on a deployment that `sse-lab up` left running: nothing is started, and it stays up. */
import { stat } from "node:fs/promises";
import { nowMs } from "../../../common/clock.ts";
import { UserError } from "../../../common/user-error.ts";
import type {
  Deployment,
  FoundDeployment,
  LedgerFile,
  Platform,
  RunningDeployment,
  UpOptions,
} from "../platform.ts";
import { unreachableComponents } from "./deployment-health.ts";
import { restoreDeployment } from "./restore-deployment.ts";

/**
 * A platform whose `up` attaches to it and whose `down` leaves it up, with all of it running again.
 * @param say what could not be brought back
 */
export const attachedPlatform = (found: FoundDeployment, say: (line: string) => void): Platform => {
  const { deployment: running, platform } = found;
  return {
    ...platform,
    settings: {
      ...platform.settings,
      ...running.settings.servers,
      attached: `${running.id}, up since ${running.startedAt}`,
    },
    // All parts are there. A host that cannot measure is refused nevertheless.
    prepare: ({ onStep, signal }) =>
      platform.prepare({
        topologies: [],
        ...(onStep ? { onStep } : {}),
        ...(signal ? { signal } : {}),
      }),
    up: (options) => attachFor(found, options, say),
  };
};

/**
 * @param what begins the message, e.g. `up phase1`
 * @throws UserError if a part of it does not answer
 */
export async function refuseUnwell(running: RunningDeployment, what: string): Promise<void> {
  const { topology, platform } = running;
  const dead = await unreachableComponents(running);
  if (dead.length === 0) return;
  throw new UserError(
    `${what}: it is up on ${platform}, but ${dead.join(" and ")} ` +
      `${dead.length === 1 ? "does" : "do"} not answer; ` +
      `remove it with make down, then run sse-lab up ${topology} again`,
  );
}

async function attachFor(
  found: FoundDeployment,
  { onInstance, onComponentExit, onStep, signal, relays }: UpOptions,
  say: (line: string) => void,
): Promise<Deployment> {
  const { deployment: running, platform } = found;
  onStep?.(`attaching to ${running.id}`);
  const deployment = await platform.attach(running.id, {
    onInstance,
    onComponentExit,
    onStep,
    signal,
  });
  let left: Promise<void> | undefined;
  const leave = async (): Promise<void> => {
    await deployment.detach();
    // A bounce that was told to stop undid what it could.
    if (signal?.aborted || (await unreachableComponents(running)).length > 0)
      await restoreDeployment(found, say);
  };
  try {
    await refuseUnwell(running, running.topology);
    if (relays === true) await deployment.prepareLinks?.();
    const before = await deployment.ledgers();
    const sinceMs = nowMs();
    const current = await newestOfEach(before);
    const earlier = new Set(before.map(({ path }) => path).filter((path) => !current.has(path)));
    for (const instance of deployment.instances) onInstance?.(instance, "ready", sinceMs);
    return {
      ...deployment,
      attached: notesOf(found, deployment),
      ledgers: async () =>
        (await deployment.ledgers())
          .filter(({ path }) => !earlier.has(path))
          .map((file) => (current.has(file.path) ? { ...file, sinceMs } : file)),
      detach: () => (left ??= leave()),
      down: () => (left ??= leave()),
    };
  } catch (error) {
    await deployment.detach();
    throw error;
  }
}

/** Paths. A process opens its ledger at its start, when the one before it has ended. */
async function newestOfEach(files: readonly LedgerFile[]): Promise<Set<string>> {
  const newest = new Map<string, { path: string; writtenMs: number }>();
  for (const { instance, path } of files) {
    const { mtimeMs: writtenMs } = await stat(path);
    if (writtenMs >= (newest.get(instance)?.writtenMs ?? 0))
      newest.set(instance, { path, writtenMs });
  }
  return new Set([...newest.values()].map(({ path }) => path));
}

const notesOf = ({ deployment: running }: FoundDeployment, { links }: Deployment): string[] => [
  `The run started no deployment: it was attached to ${running.id}, up since ` +
    `${running.startedAt}, which served other requests before.`,
  ...(links
    ? [
        "Each link of an instance led through a relay of the lab, as in every topology that " +
          "`sse-lab up` starts here: latencies include it.",
      ]
    : []),
];
