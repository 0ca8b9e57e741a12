/** `sse-lab bounce`: disturbs a topology that `sse-lab up` left running. */
import { TOPOLOGIES, type Topology } from "../../../infra/topologies.ts";
import type { BounceKind, Observation } from "../../history/observation.ts";
import { appendFile } from "node:fs/promises";
import { nowMs } from "../../../common/clock.ts";
import { createFileRecorder } from "../../history/recorder.ts";
import { DEFAULT_NEMESIS_SETTINGS } from "../../nemesis/bounce-context.ts";
import {
  type BounceSettings,
  bounceSettingsProblem,
  kindOfSetting,
} from "../../nemesis/bounce-settings.ts";
import { fits, KINDS_OF_BOUNCE, needOf, refusalOf } from "../../nemesis/kinds.ts";
import { bounce } from "../../nemesis/nemesis.ts";
import { parseGrace } from "../../scenario/parse-scenario.ts";
import { restoreDeployment } from "../../platform/running/restore-deployment.ts";
import { EXIT } from "../exit.ts";
import { UserError } from "../../../common/user-error.ts";
import { interruptible } from "../interrupt.ts";
import { findTheOne, knownTopology } from "../running/running-deployment.ts";
import { sweep } from "../sweep.ts";

interface BounceOptions {
  kind: BounceKind;
  record?: string;
  grace?: number | string;
  bounceSettings?: unknown;
  platform: string;
}

/** @throws UserError for a topology without what the kind disturbs. */
function refuseWithout(kind: BounceKind, topology: Topology): void {
  if (fits(kind, topology)) return;
  const having = TOPOLOGIES.filter((one) => fits(kind, one)).map(({ name }) => name);
  throw new UserError(
    `--kind ${kind}: ${topology.name} does not use ${needOf(kind) ?? ""}; use ${having.join(", ")}`,
  );
}

/** @throws UserError for settings that the kind does not have */
function checkSettings(asked: unknown, kind: BounceKind): BounceSettings {
  if (asked === undefined) return {};
  const problem = bounceSettingsProblem(asked);
  if (problem !== undefined) throw new UserError(`--bounce-settings: ${problem}`);
  const settings = asked as BounceSettings;
  const other = Object.keys(settings).find((key) => kindOfSetting(key) !== kind);
  if (other !== undefined)
    throw new UserError(`--bounce-settings ${other}: is not of --kind ${kind}; remove it`);
  return settings;
}

/** @throws UserError before anything is disturbed */
async function checkWritable(path: string): Promise<void> {
  await appendFile(path, "").catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UserError(
      `--record ${path}: cannot be written (${code}); name a file that you can write`,
    );
  });
}

/**
 * @returns `EXIT.unknown` when a step of the bounce failed
 * @throws UserError when the topology cannot be bounced; nothing is disturbed then
 */
export async function bounceRunning(topology: string, options: BounceOptions): Promise<number> {
  const { kind } = options;
  const row = knownTopology("bounce", topology);
  const grace = options.grace === undefined ? undefined : parseGrace(options.grace, "--grace");
  refuseWithout(kind, row);
  const bounces = checkSettings(options.bounceSettings, kind);
  if (KINDS_OF_BOUNCE[kind].bringsUp !== undefined)
    throw new UserError(
      `--kind ${kind}: needs parts that only a load test brings up; run ` +
        `sse-lab loadtest --topologies ${topology} --bounces ${kind}`,
    );
  if (options.record !== undefined) await checkWritable(options.record);
  await sweep();
  const found = await findTheOne(`bounce ${topology}`, topology, options.platform);
  const { deployment: kept, platform } = found;
  const refusal = refusalOf(kind, row, platform.name);
  if (refusal !== undefined) throw new UserError(`--kind ${kind}: ${refusal}`);
  const startMs = nowMs();
  const say = (what: string, atMs: number): void =>
    void process.stdout.write(`${((atMs - startMs) / 1000).toFixed(2).padStart(7)} s  ${what}\n`);
  const failures: string[] = [];
  const file = options.record === undefined ? undefined : createFileRecorder(options.record);
  const record = (observation: Observation): void => {
    file?.record(observation);
    if (observation.type !== "bounce") return;
    const { target, state, error, atMs } = observation;
    if (error !== undefined) failures.push(error);
    say(`${kind} of ${target} ${error === undefined ? state : `failed: ${error}`}`, atMs);
  };
  await interruptible(async (signal) => {
    const deployment = await platform.attach(kept.id, {
      onInstance: (instance, state, atMs) => {
        file?.record({ type: "instance", instance, state, atMs });
        say(`  ${instance} ${state}`, atMs);
      },
      onComponentExit: (part, atMs) => {
        file?.record({ type: "part-exit", part, atMs });
        say(`  ${part} ended by itself`, atMs);
      },
      onStep: (step) => void process.stderr.write(`  ${step}\n`),
      signal,
    });
    try {
      const settings = {
        ...DEFAULT_NEMESIS_SETTINGS,
        bounces,
        ...(grace === undefined ? {} : { stopGraceMs: grace * 1000 }),
      };
      const recorder = { record };
      if (KINDS_OF_BOUNCE[kind].cutsLinks) await deployment.prepareLinks?.();
      await bounce({
        kind,
        deployment,
        recorder,
        seed: Date.now(),
        settings,
        signal,
      });
    } finally {
      await deployment.detach();
    }
    if (signal.aborted)
      await restoreDeployment(found, (line) => void process.stderr.write(`  ${line}\n`));
    signal.throwIfAborted();
  }).finally(() => file?.close());
  return failures.length > 0 ? EXIT.unknown : EXIT.valid;
}
