/** `sse-lab loadgen`: one machine's part of a load. */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { nowMs } from "../../../common/clock.ts";
import { UserError } from "../../../common/user-error.ts";
import type { Shard } from "../../load/native/shard.ts";
import { checkTarget } from "../../platform/target/target-url.ts";
import { steadyDuration } from "../../scenario/load-times.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { type Scenario, selectTopologies } from "../../scenario/scenario.ts";
import { toLoadPlan, usesRealtime } from "../../scenario/to-load-plan.ts";
import { EXIT } from "../exit.ts";
import { interruptible } from "../interrupt.ts";
import { SCENARIO_KEYS } from "../options/scenario-flags.ts";
import { numberOf } from "../options/choose-target.ts";
import { describeLoad } from "../output/live-display.ts";

interface LoadgenOptions extends Record<string, unknown> {
  target: string;
  shard: string;
  startAt?: string;
  file?: string;
  scenario?: string;
  iOwnThisTarget?: true;
}

/** A load starts within this time of its command. */
const LATEST_START_MS = 24 * 3600 * 1000;
const PROGRESS_MS = 5_000;

/** @throws UserError naming flag, value and fix, before anything is sent */
export async function loadgen(options: LoadgenOptions): Promise<number> {
  const shard = parseShard(options.shard);
  const scenario = await loadScenario({
    ...(options.scenario === undefined ? {} : { file: options.scenario }),
    flags: Object.fromEntries(SCENARIO_KEYS.map((key) => [key, options[key]])),
    place: {
      platform: undefined,
      bounceSeconds: () => 0,
      realtimeHosted: false,
      machines: shard.of,
    },
  });
  const topology = topologyOf(options, scenario);
  const url = checkTarget(options.target, scenario, {
    isMine: options.iOwnThisTarget === true,
    maxSessions: numberOf("max-sessions", options["maxSessions"]),
    maxRate: numberOf("max-rate", options["maxRate"]),
  });
  if (!url.startsWith("http:"))
    throw new UserError(`--target ${url}: the load engine speaks http only`);
  if (shard.of > scenario.sessions)
    throw new UserError(
      `--shard ${options.shard}: ${scenario.sessions} sessions are too few for ${shard.of} machines`,
      `use --sessions ${shard.of} or more`,
    );
  const path = resolve(options.file ?? `shard-${shard.number}-of-${shard.of}.ndjson.gz`);
  await checkNew(path);
  const startMs = options.startAt === undefined ? undefined : parseStart(options.startAt);
  const durationS = steadyDuration(scenario);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const { playShard } = await import("../../run/shards/play-shard.ts");
  let lastMs = -Infinity;
  const header = await interruptible((signal) =>
    playShard({
      plan: toLoadPlan(url, topology, scenario, { durationS, repeat: 1 }),
      shard,
      topology: topology.name,
      startMs,
      path,
      onProgress: (progress) => {
        if (nowMs() - lastMs < PROGRESS_MS) return;
        lastMs = nowMs();
        say(`  ${describeLoad(progress, 0)}`);
      },
      signal,
    }),
  );
  say(describeClock(header.clock.errorMs));
  process.stdout.write(`${path}\n`);
  return EXIT.valid;
}

function describeClock(errorMs: number | null): string {
  if (errorMs === null)
    return "the readings of the instances' clocks contradict each other: the verdict is unknown";
  return errorMs === 0
    ? "the instances share this host's clock"
    : `the instances' clock is known to within ${errorMs.toFixed(3)} ms`;
}

function parseShard(text: string): Shard {
  const [, number, of] = /^(\d{1,4})\/(\d{1,4})$/.exec(text.trim()) ?? [];
  const shard = { number: Number(number), of: Number(of) };
  if (shard.number >= 1 && shard.number <= shard.of) return shard;
  throw new UserError(`--shard ${text}: give n/k with n from 1 to k, such as 2/5`);
}

function topologyOf(options: LoadgenOptions, scenario: Scenario) {
  const [topology, another] = selectTopologies(scenario);
  if (topology === undefined || another !== undefined)
    throw new UserError(
      `--topologies ${scenario.topologies.join(",")}: one deployment is loaded`,
      "name the topology that runs there: --topologies phase2",
    );
  if (options["bounces"] !== undefined)
    throw new UserError(
      "--bounces: the load does not bounce the deployment",
      "run sse-lab bounce --record bounces.ndjson beside it",
    );
  if (usesRealtime(topology))
    throw new UserError(
      `--topologies ${topology.name}: its clients follow Realtime, whose clock cannot be read`,
      "load a topology with event streams",
    );
  return topology;
}

/** With its zone, because machines may have others. @returns the time on this host's clock */
function parseStart(text: string): number {
  const inMs = /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) - Date.now() : NaN;
  if (inMs > 0 && inMs < LATEST_START_MS) return nowMs() + inMs;
  const example = new Date(Date.now() + 60_000).toISOString().replace(/\.\d+/, "");
  throw new UserError(
    `--start-at ${text}: ${Number.isNaN(inMs) ? "is no time with date and zone" : "is over, or more than a day ahead"}`,
    `give a time such as ${example}`,
  );
}

async function checkNew(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere)
    throw new UserError(`--file ${path}: is there already`, "name a new file, or remove it");
}
