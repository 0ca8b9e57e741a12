import { parseK6Duration } from "../go-formats.ts";
import type { Tags, VuOptions } from "../protocol.ts";
import { NO_OPTIONS, toTags } from "../vu/vu-context.ts";
import { EXIT, ExitError } from "./exit-codes.ts";

/** The options of a script that the double supports. */
export interface RunOptions {
  scenario: ScenarioOptions;
  /** By metric or `metric{tag:value}`. */
  thresholds: Record<string, ThresholdOption[]>;
  summaryTrendStats: string[];
  setupTimeoutMs: number;
  teardownTimeoutMs: number;
  vu: VuOptions;
}

/** An expression, e.g. `count==0`, alone or with what it may do. */
export type ThresholdOption = string | { threshold: string; abortOnFail?: boolean };

export interface ScenarioOptions {
  name: string;
  exec: string;
  /** Total of all processes of the test. */
  vus: number;
  /** For each VU. */
  iterations: number;
  maxDurationMs: number;
  gracefulStopMs: number;
  tags: Tags;
  env: Record<string, string>;
}

const KNOWN = [
  "scenarios",
  "thresholds",
  "summaryTrendStats",
  "setupTimeout",
  "teardownTimeout",
  "userAgent",
  "throw",
  "noCookiesReset",
  "discardResponseBodies",
  "maxRedirects",
  "tags",
  // These have no effect.
  "hosts",
  "dns",
  "summaryTimeUnit",
  "systemTags",
  "noUsageReport",
];
const KNOWN_OF_SCENARIO = [
  "executor",
  "vus",
  "iterations",
  "maxDuration",
  "gracefulStop",
  "exec",
  "tags",
  "env",
];

/** @throws {@link ExitError} 104 that names what the double does not support */
export function readOptions(given: Record<string, unknown>): RunOptions {
  refuseOthers(given, KNOWN, "option");
  return {
    scenario: readScenario(given["scenarios"]),
    thresholds: readThresholds(given["thresholds"]),
    summaryTrendStats: (given["summaryTrendStats"] as string[] | undefined) ?? [
      "avg",
      "min",
      "med",
      "max",
      "p(90)",
      "p(95)",
    ],
    setupTimeoutMs: parseK6Duration(given["setupTimeout"] ?? "60s"),
    teardownTimeoutMs: parseK6Duration(given["teardownTimeout"] ?? "60s"),
    vu: {
      userAgent: (given["userAgent"] as string | undefined) ?? NO_OPTIONS.userAgent,
      throw: given["throw"] === true,
      noCookiesReset: given["noCookiesReset"] === true,
      discardResponseBodies: given["discardResponseBodies"] === true,
      maxRedirects: (given["maxRedirects"] as number | undefined) ?? NO_OPTIONS.maxRedirects,
      tags: toTags((given["tags"] as object | undefined) ?? {}),
    },
  };
}

function readScenario(scenarios: unknown): ScenarioOptions {
  // Without scenarios, k6 runs the default function once in one VU.
  const given = (scenarios ?? { default: { executor: "per-vu-iterations" } }) as Record<
    string,
    unknown
  >;
  const entries = Object.entries(given) as [string, Record<string, unknown>][];
  const [first] = entries;
  if (first === undefined || entries.length > 1) {
    throw invalid(`k6-double runs one scenario, not ${entries.length}`);
  }
  const [name, settings] = first;
  if (settings["executor"] !== "per-vu-iterations") {
    throw invalid(
      `k6-double supports only the executor per-vu-iterations, ` +
        `not "${String(settings["executor"])}" (scenario ${name})`,
    );
  }
  refuseOthers(settings, KNOWN_OF_SCENARIO, `setting of scenario ${name}`);
  const count = (key: string): number => {
    const value = settings[key] ?? 1;
    if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
    throw invalid(`scenario ${name}: the number of ${key} must be more than 0`);
  };
  return {
    name,
    exec: (settings["exec"] as string | undefined) ?? "default",
    vus: count("vus"),
    iterations: count("iterations"),
    maxDurationMs: parseK6Duration(settings["maxDuration"] ?? "10m"),
    gracefulStopMs: parseK6Duration(settings["gracefulStop"] ?? "30s"),
    tags: toTags((settings["tags"] as object | undefined) ?? {}),
    env: toTags((settings["env"] as object | undefined) ?? {}),
  };
}

function readThresholds(thresholds: unknown): Record<string, ThresholdOption[]> {
  return Object.fromEntries(
    Object.entries((thresholds ?? {}) as Record<string, unknown[]>).map(([metric, list]) => [
      metric,
      list.map((given) => {
        if (typeof given !== "string")
          refuseOthers(given as object, ["threshold", "abortOnFail"], `key of ${metric}`);
        return given as ThresholdOption;
      }),
    ]),
  );
}

function refuseOthers(given: object, known: readonly string[], what: string): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw invalid(`k6-double does not support the ${what} "${name}"`);
  }
}

function invalid(message: string): ExitError {
  return new ExitError(message, EXIT.invalidConfig);
}
