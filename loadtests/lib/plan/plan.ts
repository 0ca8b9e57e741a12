/**
 * Reads a script's plan from the defaults, the scenario file and the environment. Later ones win.
 */
import type { Threshold } from "k6/options";
import { TOPOLOGIES, type Topology } from "../../../infra/topologies.ts";
import type { BounceKind } from "../../../harness/history/observation.ts";
import type { PlanRecord } from "../../../harness/load/portable/k6-log-records.ts";
import {
  plannedLoad,
  type LoadPlan,
  type ServiceForScript,
} from "../../../harness/load/portable/load-plan.ts";
import { completeScenario, steadyDuration } from "../../../harness/scenario/load-times.ts";
import { loadProblems } from "../../../harness/scenario/load-rules.ts";
import {
  choiceProblem,
  CHOICES,
  NUMBER_RANGES,
  numberProblem,
} from "../../../harness/scenario/ranges.ts";
import type { Scenario } from "../../../harness/scenario/scenario.ts";
import { toLoadPlan } from "../../../harness/scenario/to-load-plan.ts";
import { PlanError } from "./plan-error.ts";
import { PRESETS } from "./presets.ts";
import { readScenario } from "./read-scenario.ts";
import { readThresholds } from "./read-thresholds.ts";

/** One run: a script knows one topology, and puts one load on it. */
export interface ScriptPlan {
  load: LoadPlan;
  topology: Topology;
  /** The bounce that happens to the topology meanwhile. The script only records it. */
  bounce: BounceKind;
  /** 1-based. */
  repeat: number;
  /** Instances of the topology, if the script knows. */
  replicas?: number;
  /** Of a service that is not the lab's own: see `ServiceForScript`. */
  wallOffsetMs?: number;
  /** Folder for the summaries. */
  out?: string;
  /** By metric; they take the place of the script's own. */
  thresholds?: Record<string, Threshold[]>;
}

export interface PlanSources {
  /** k6's `__ENV`. */
  env: Readonly<Record<string, string | undefined>>;
  /** k6's `open`: text of a file, by its path relative to the script. */
  open: (path: string) => string;
  /** The topologies that this script can follow. */
  follows: (topology: Topology) => boolean;
  /** Stands in when neither the environment nor a scenario names a topology. */
  topology: string;
}

/**
 * The scenario's keys that a script uses, by environment variable. The rest is for the deployment.
 */
const NUMBERS = {
  SESSIONS: "sessions",
  RATE: "rate",
  DURATION: "duration",
  PIPELINE: "pipeline",
  WARM_UP: "warmUp",
  RAMP: "ramp",
  DRAIN: "drain",
  GATES: "gates",
  PAYLOAD_BYTES: "payloadBytes",
  HEARTBEAT: "heartbeat",
  SEED: "seed",
} as const satisfies Record<string, keyof typeof NUMBER_RANGES>;

/** Keys with a fixed set of values, by environment variable. */
const CHOICE_KEYS = { CLIENT: "client", JITTER: "jitter", ARRIVAL: "arrival" } as const;

/**
 * Only in the init context, where `open` is.
 * @throws PlanError naming each key, its value and the fix
 */
export function readPlan(sources: PlanSources): ScriptPlan {
  const env = new Environment(sources.env);
  const file = env.text("SCENARIO") ?? "default";
  const preset = Object.keys(PRESETS).includes(file) ? PRESETS[file] : undefined;
  const { scenario: asked, problems } =
    preset === undefined ? readScenario(file, sources.open) : { scenario: preset, problems: [] };
  env.problems.push(...problems);
  const given: Partial<Scenario> = { ...asked };
  for (const [name, key] of Object.entries(NUMBERS)) {
    const value = env.number(name, key);
    if (value !== undefined) given[key] = value;
  }
  const client = env.choice("CLIENT", CHOICES.client);
  if (client !== undefined) given.client = client;
  const jitter = env.choice("JITTER", CHOICES.jitter);
  if (jitter !== undefined) given.jitter = jitter;
  const arrival = env.choice("ARRIVAL", CHOICES.arrival);
  if (arrival !== undefined) given.arrival = arrival;
  const scenario = completeScenario(given);

  const name = env.choice("TOPOLOGY", CHOICES.topology) ?? askedTopology(asked, sources);
  const topology: Topology | undefined = TOPOLOGIES.find((one) => one.name === name);
  const bounce = env.choice("BOUNCE", CHOICES.bounce) ?? asked.bounces?.[0] ?? "none";
  // `repeat` of a scenario is how often it is run; here it is which of these runs this is.
  const repeat = env.number("REPEAT", "repeat") ?? 1;
  const replicas = topology && readReplicas(env, topology, asked.replicas);
  const url = readUrl(env);
  const service = readService(env, sources.open);
  const out = env.text("OUT")?.replace(/(.)\/+$/, "$1");
  const thresholds = readThresholdsOf(env);
  const nameOf = (key: string): string => env.nameOf(key, key in asked ? file : undefined);
  if (topology !== undefined && !sources.follows(topology))
    env.refuse(
      "TOPOLOGY",
      topology.name,
      `this script does not follow it; ${scriptOf(topology)} does`,
    );
  if (env.problems.length === 0)
    env.problems.push(...loadProblems(scenario, topology === undefined ? [] : [topology], nameOf));
  if (env.problems.length > 0 || topology === undefined) throw new PlanError(env.problems);
  return {
    load: {
      ...toLoadPlan(url, topology, scenario, { durationS: steadyDuration(scenario), repeat }),
      ...(service && { service: service.service, ledger: service.ledger }),
    },
    ...(service && { wallOffsetMs: service.wallOffsetMs }),
    topology,
    bounce,
    repeat,
    ...(replicas === undefined ? {} : { replicas }),
    ...(out === undefined ? {} : { out }),
    ...(thresholds === undefined ? {} : { thresholds }),
  };
}

/** The plan as `setup()` writes it to the console. */
export const planRecord = (
  { load, topology, bounce, repeat, replicas }: ScriptPlan,
  atMs: number,
): PlanRecord => ({
  type: "k6-plan",
  plan: plannedLoad(load),
  topology: topology.name,
  bounce,
  repeat,
  ...(replicas === undefined ? {} : { replicas }),
  atMs,
});

/**
 * The first topology of the scenario that this script follows; of none, the first at all, to be
 * refused by name.
 */
const askedTopology = (
  { topologies = [] }: Partial<Scenario>,
  { follows, topology }: PlanSources,
): string =>
  topologies.find((name) => TOPOLOGIES.some((one) => one.name === name && follows(one))) ??
  topologies[0] ??
  topology;

const scriptOf = ({ broadcaster }: Topology): string =>
  broadcaster === "supabase" ? "realtime.ts" : "sse.ts";

function readReplicas(
  env: Environment,
  topology: Topology,
  asked: number | undefined,
): number | undefined {
  const text = env.text("REPLICAS");
  if (topology.replicas > 1) return env.number("REPLICAS", "replicas") ?? asked;
  if (text !== undefined && text !== "1")
    env.refuse("REPLICAS", text, `${topology.name} is a single instance; leave it out`);
  return undefined;
}

function readThresholdsOf(env: Environment): ScriptPlan["thresholds"] {
  const text = env.text("THRESHOLDS");
  const read = text === undefined ? undefined : readThresholds(text);
  if (typeof read !== "string") return read;
  env.refuse("THRESHOLDS", text ?? "", read);
  return undefined;
}

/** What the harness compiled of a service file. */
function readService(env: Environment, open: PlanSources["open"]): ServiceForScript | undefined {
  const file = env.text("SERVICE");
  if (file === undefined) return undefined;
  try {
    return JSON.parse(open(file)) as ServiceForScript;
  } catch (error) {
    env.refuse("SERVICE", file, `cannot be read (${String(error)}); sse-lab loadtest writes it`);
    return undefined;
  }
}

const ORIGIN = /^(https?:\/\/[^/?#@\s]+)\/?$/;

function readUrl(env: Environment): string {
  const url = env.text("URL") ?? "http://127.0.0.1:8080";
  const origin = ORIGIN.exec(url)?.[1];
  if (origin === undefined)
    env.refuse(
      "URL",
      url,
      "give scheme, host and port of the router only, like http://127.0.0.1:8080",
    );
  return origin ?? url;
}

/** Values of the environment, read one by one; what is wrong with them is collected. */
class Environment {
  readonly problems: string[] = [];
  readonly #env: PlanSources["env"];

  constructor(env: PlanSources["env"]) {
    this.#env = env;
  }

  /** Undefined when it is not set; so is an empty one, as shells leave them. */
  text(name: string): string | undefined {
    const text = this.#env[name]?.trim();
    return text === "" ? undefined : text;
  }

  number(name: string, key: keyof typeof NUMBER_RANGES): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    // Number() would also take 0x10 and 1e3, which no user means here.
    const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    return this.#checked(name, value, numberProblem(value, NUMBER_RANGES[key])) as
      number | undefined;
  }

  choice<T extends string>(
    name: string,
    choices: { what: string; from: readonly T[] },
  ): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    return this.#checked(name, text, choiceProblem(text, choices)) as T | undefined;
  }

  refuse(name: string, value: string, why: string): void {
    this.problems.push(`${name} ${JSON.stringify(value)}: ${why}`);
  }

  /**
   * What the user typed: the variable where it is set, else the key of the scenario file, else the
   * variable to be set.
   */
  nameOf(key: string, file: string | undefined): string {
    const name = Object.entries({ ...NUMBERS, ...CHOICE_KEYS }).find(
      ([, value]) => value === key,
    )?.[0];
    if (name !== undefined && (file === undefined || this.text(name) !== undefined)) return name;
    return file === undefined ? key : `${file}: ${key}`;
  }

  #checked(name: string, value: unknown, problem: string | undefined): unknown {
    if (problem === undefined) return value;
    this.problems.push(`${name}: ${problem}`);
    return undefined;
  }
}
