/** `sse-lab capacity`: how much one topology carries on this host, and what gives in first. */
import { availableParallelism } from "node:os";
import { UserError } from "../../../common/user-error.ts";
import type { Topology } from "../../../infra/topologies.ts";
import { checkState } from "../../platform/check-state.ts";
import { openFilesLimit, streamsWithin } from "../../platform/open-files-limit.ts";
import type { Platform } from "../../platform/platform.ts";
import {
  type Capacity,
  describeStep,
  levelOf,
  renderCapacity,
} from "../../report/capacity/capacity-markdown.ts";
import { LAB_LIMITS, unitCosts } from "../../report/scale/scale.ts";
import { renderScale } from "../../report/scale/scale-markdown.ts";
import { runCapacity, type MeasuredCapacity } from "../../run/capacity/run-capacity.ts";
import { DEFAULT_SCENARIO } from "../../scenario/default-scenario.ts";
import { completeScenario } from "../../scenario/load-times.ts";
import { flagOf } from "../../scenario/load-scenario.ts";
import { MAX_EVENTS_PER_SECOND } from "../../scenario/load-rules.ts";
import { parseScenario } from "../../scenario/parse-scenario.ts";
import { type NumberRange, NUMBER_RANGES, numberProblem } from "../../scenario/ranges.ts";
import { type Scenario, selectTopologies } from "../../scenario/scenario.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { EXIT } from "../exit.ts";
import { interruptible } from "../interrupt.ts";
import { CAPACITY_DEFAULTS } from "../options/capacity-defaults.ts";
import { checkOpenFiles } from "../options/check-open-files.ts";
import { checkPlatform, choosePlatform } from "../options/choose-platform.ts";
import { sweep } from "../sweep.ts";

interface CapacityOptions extends Record<string, unknown> {
  topology: string;
  missed?: string;
  platform: string;
  json?: true;
}

type Request = Parameters<typeof runCapacity>[0];
type Asked = Pick<Request, "topology" | "scenario" | "measureS" | "limits" | "thresholds"> & {
  streams: number;
  openFiles: number;
};

const any = (min: number, max: number, unit: string): NumberRange => {
  return { min, max, unit, whole: false };
};
const RANGES = {
  start: NUMBER_RANGES.sessions,
  step: any(1.1, 10, "(a factor)"),
  rate: NUMBER_RANGES.rate,
  maxRate: NUMBER_RANGES.rate,
  p99: any(1, 60_000, "milliseconds"),
  // Two readings of what the parts use, a second apart.
  measure: any(3, 600, "seconds"),
  streams: { ...NUMBER_RANGES.sessions, max: 1_000_000_000 },
} as const;

/** @throws UserError naming flag, value and fix, before anything is started */
export async function capacity(options: CapacityOptions): Promise<number> {
  const platformName = checkPlatform(options.platform);
  const asked = await checkInput(options);
  const { platform, reason } = await choosePlatform(platformName);
  checkState();
  await sweep();
  say(`platform ${platform.name}: ${reason}`);
  const measured = await interruptible((signal) => measure(asked, platform, signal));
  const scale = scaleOf(measured, asked);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ...measured.capacity, onPaper: scale ?? null }, undefined, 2)}\n`
      : `${renderCapacity(measured.capacity, scale)}\n`,
  );
  return exitOf(measured.capacity);
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function measure(
  asked: Asked,
  platform: Platform,
  signal: AbortSignal,
): Promise<MeasuredCapacity> {
  await platform.prepare({ topologies: [asked.topology], onStep: say, signal });
  let number = 0;
  return runCapacity({
    ...asked,
    platform,
    onStep: (step) => say(`[${(number += 1)}] ${describeStep(step)}`),
    onLevel: (level) => say(`loading ${asked.topology.name}: ${levelOf(level)}`),
    signal,
  });
}

const exitOf = ({ held, first }: Capacity): number => {
  if (held === null) return EXIT.invalid;
  return first !== null && first.part === null ? EXIT.unknown : EXIT.valid;
};

function scaleOf({ held }: MeasuredCapacity, { streams, openFiles }: Asked): string | undefined {
  const costs = held && unitCosts([held.result], held);
  return costs
    ? renderScale(costs, streams, {
        ...LAB_LIMITS,
        openFiles,
        routerCores: availableParallelism(),
      })
    : undefined;
}

async function checkInput(options: CapacityOptions): Promise<Asked> {
  const openFiles = Math.min(await openFilesLimit(), Number.MAX_SAFE_INTEGER);
  const most = Math.min(NUMBER_RANGES.sessions.max, streamsWithin(openFiles));
  const number = (key: keyof typeof RANGES, otherwise: number): number => {
    const value = options[key] ?? otherwise;
    const problem = numberProblem(value, RANGES[key]);
    if (problem !== undefined) throw new UserError(`${flagOf(key)}: ${problem}`);
    return value as number;
  };
  const {
    start,
    step,
    maxRate: defaultMaxRate,
    p99,
    measure: measureS,
    streams,
  } = CAPACITY_DEFAULTS;
  const first = { sessions: number("start", start), rate: number("rate", DEFAULT_SCENARIO.rate) };
  const sessions = Math.min(most, Math.floor(MAX_EVENTS_PER_SECOND / first.rate));
  // What is wrong with it is said below.
  const asked = Number(options["maxSessions"] ?? sessions) || sessions;
  const fitting = Math.min(defaultMaxRate, Math.floor((10 * MAX_EVENTS_PER_SECOND) / asked) / 10);
  const maxRate = number("maxRate", Math.max(first.rate, fitting));
  const { topology, scenario } = await checkScenario(options, { sessions, rate: maxRate });
  const maxSessions = scenario.sessions;
  if (first.sessions > maxSessions || first.rate > maxRate)
    throw new UserError(
      `the first level (${levelOf(first)}) is above the last (${levelOf({ sessions: maxSessions, rate: maxRate })})`,
      "lower --start or --rate, or raise --max-sessions or --max-rate",
    );
  const { replicas, payloadBytes, seed } = scenario;
  return {
    topology,
    scenario: {
      topologies: [topology.name],
      bounces: ["none"],
      payloadBytes,
      seed,
      ...(replicas === undefined ? {} : { replicas }),
    },
    measureS: number("measure", measureS),
    limits: { first, factor: number("step", step), maxSessions, maxRate },
    thresholds: {
      missed: shareOf(options.missed ?? CAPACITY_DEFAULTS.missed),
      p99Ms: number("p99", p99),
    },
    streams: number("streams", streams),
    openFiles,
  };
}

const FLAGS: Readonly<Record<string, string>> = {
  topologies: "--topology",
  sessions: "--max-sessions",
  rate: "--max-rate",
};

/** The largest load has to be one that a load test could make. */
async function checkScenario(
  { topology: name, maxSessions, replicas, payloadBytes, seed }: CapacityOptions,
  largest: { sessions: number; rate: number },
): Promise<{ topology: Topology; scenario: Scenario }> {
  const given = { sessions: maxSessions, replicas, payloadBytes, seed };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  const scenario = parseScenario(
    completeScenario({
      topologies: [name],
      bounces: ["none"],
      ...largest,
      ...(Object.fromEntries(present) as Partial<Scenario>),
    }),
    { platform: undefined, bounceSeconds: () => 0, realtimeHosted: false },
    (key) => FLAGS[key] ?? flagOf(key),
  );
  const [topology] = selectTopologies(scenario);
  if (topology === undefined || usesRealtime(topology))
    throw new UserError(
      `--topology ${name}: its limit is that of Supabase Realtime, which the lab stands in for`,
      "use a topology with event streams, such as phase2",
    );
  await checkOpenFiles(scenario, [topology]);
  return { topology, scenario };
}

/** Of a percentage, with or without its sign. */
function shareOf(text: string): number {
  const share = Number(text.trim().replace(/\s*%$/, "")) / 100;
  if (text.trim() !== "" && share >= 0 && share <= 1) return share;
  throw new UserError(`--missed is "${text}": give a percentage, such as 0.1%`);
}
