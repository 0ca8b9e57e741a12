/** `sse-lab up`: starts a topology and leaves it running. */
import { join } from "node:path";
import type { RealtimeSettings } from "../../../infra/realtime/realtime-settings.ts";
import type { Topology } from "../../../infra/topologies.ts";
import { asksForHosted, hostedRealtime } from "../../platform/hosted-realtime.ts";
import { checkState } from "../../platform/check-state.ts";
import type { RunningDeployment, Platform } from "../../platform/platform.ts";
import { parseScenario } from "../../scenario/parse-scenario.ts";
import { flagOf } from "../../scenario/load-scenario.ts";
import { DEFAULT_SCENARIO } from "../../scenario/default-scenario.ts";
import { realtimeSettings, replicasOf, selectTopologies } from "../../scenario/scenario.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { checkPlatform, choosePlatform } from "../options/choose-platform.ts";
import { describeDeployment } from "../running/describe-deployment.ts";
import { UserError } from "../../../common/user-error.ts";
import { EXIT } from "../exit.ts";
import { interruptible } from "../interrupt.ts";
import { refuseUnwell } from "../../platform/running/attached-platform.ts";
import { sweep } from "../sweep.ts";
import { PROJECT_ROOT } from "../../../common/paths.ts";

interface UpOptions {
  platform: string;
  replicas?: number | string;
  catchUp?: true;
  realtimePlan?: string;
  realtimePublish?: string;
  json?: true;
}

/** @throws UserError when the topology cannot be started as asked */
export async function up(name: string, options: UpOptions): Promise<number> {
  const platformName = checkPlatform(options.platform);
  const { topology, replicas, realtime } = chooseTopology(name, options);
  const { platform, reason } = await choosePlatform(platformName);
  checkState();
  await sweep();
  const running = (await platform.findRunning()).find((one) => one.topology === topology.name);
  if (running) {
    refuseIfUnknown(running, options);
    await refuseIfOther(running, options.replicas === undefined ? undefined : replicas);
    process.stderr.write(
      `${topology.name} is up already on ${platform.name} (sse-lab down removes it)\n`,
    );
    print(running, options);
    return EXIT.valid;
  }
  process.stderr.write(`platform ${platform.name}: ${reason}\n`);
  print(await bringUp(platform, { topology, replicas, realtime }), options);
  return EXIT.valid;
}

/** @throws UserError for settings of Realtime, which a running deployment does not show. */
function refuseIfUnknown({ topology, platform }: RunningDeployment, options: UpOptions): void {
  const asked = (["catchUp", "realtimePlan", "realtimePublish"] as const).filter(
    (key) => options[key] !== undefined,
  );
  if (asked.length === 0) return;
  throw new UserError(
    `${asked.map(flagOf).join(", ")}: ${topology} is up on ${platform} already, and keeps ` +
      "its settings; remove it with make down first",
  );
}

/** @throws UserError if it has another number of instances, or some of it has ended. */
async function refuseIfOther(
  running: RunningDeployment,
  replicas: number | undefined,
): Promise<void> {
  const { topology, platform, instances } = running;
  if (replicas !== undefined && replicas !== instances.length) {
    throw new UserError(
      `--replicas ${replicas}: ${topology} is up on ${platform} with ${instances.length}; ` +
        `remove it with make down, then start it with ${replicas}`,
    );
  }
  await refuseUnwell(running, `up ${topology}`);
}

interface Chosen {
  topology: Topology;
  replicas: number;
  realtime: RealtimeSettings;
}

async function bringUp(
  platform: Platform,
  { topology, replicas, realtime }: Chosen,
): Promise<RunningDeployment> {
  const onStep = (step: string): void => void process.stderr.write(`  ${step}\n`);
  const workDir = join(
    PROJECT_ROOT,
    ".sse-lab",
    "up",
    `${topology.name}-${Date.now().toString(36)}`,
  );
  const deployment = await interruptible(async (signal) => {
    await platform.prepare({ topologies: [topology], realtime, onStep, signal });
    const { name } = topology;
    return platform.up({
      topology,
      name,
      replicas,
      redis: "up",
      // On Docker, a bounce that cuts links puts them in place.
      relays: platform.name === "local",
      realtime,
      workDir,
      onStep,
      signal,
    });
  });
  await deployment.detach();
  const running = (await platform.findRunning()).find((one) => one.id === deployment.id);
  if (!running) {
    throw new UserError(
      `${deployment.id} ended right after it came up; its logs were in ${workDir}/logs`,
    );
  }
  return running;
}

/** @throws UserError */
function chooseTopology(name: string, options: UpOptions): Chosen {
  const { replicas, catchUp, realtimePlan, realtimePublish } = options;
  const given = { replicas, catchUp, realtimePlan, realtimePublish };
  const asked = {
    ...DEFAULT_SCENARIO,
    topologies: [name],
    bounces: ["none"],
    // No load follows, so the smallest one stands in for it: it fits every quota and every bounce.
    sessions: 1,
    rate: 1,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  const place = {
    platform: undefined,
    bounceSeconds: () => 0,
    realtimeHosted: asksForHosted(),
  };
  const scenario = parseScenario(asked, place, (key) =>
    key === "topologies" ? "up" : flagOf(key),
  );
  const [topology] = selectTopologies(scenario);
  if (!topology) throw new UserError(`up ${name}: unknown topology`);
  const hosted = usesRealtime(topology) ? hostedRealtime() : undefined;
  return {
    topology,
    replicas: replicasOf(topology, scenario),
    realtime: realtimeSettings(scenario, hosted),
  };
}

function print(running: RunningDeployment, { json }: UpOptions): void {
  process.stdout.write(
    json ? `${JSON.stringify(running, undefined, 2)}\n` : describeDeployment(running),
  );
}
