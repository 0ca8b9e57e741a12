/** `sse-lab estimate`: what deploys would cost a day, from measured figures. */
import { existsSync } from "node:fs";
import { fromRoot } from "../../../common/paths.ts";
import { UserError } from "../../../common/user-error.ts";
import type { BounceKind } from "../../history/observation.ts";
import { estimate, type Wanted } from "../../report/estimate/estimate.ts";
import { renderEstimates } from "../../report/estimate/estimate-markdown.ts";
import { EXIT } from "../exit.ts";
import type { Summary } from "../../report/summary/summary.ts";
import { readSummary } from "../running/read-summary.ts";

export interface EstimateOptions {
  streams: string;
  pipeline: string;
  deploysPerDay: string;
  rate?: string;
  bounce: BounceKind;
  json?: true;
}

/** Newest first. */
const DEFAULT_RESULTS = ["results/latest", "results/reference"];

/**
 * @throws UserError naming flag, value and fix, or when the result lacks the figures
 */
export async function estimateFrom(
  named: string | undefined,
  options: EstimateOptions,
): Promise<number> {
  const { path, summary, wanted } = await readWanted(named, options);
  const estimates = estimate(summary, wanted);
  if (estimates.length === 0) throw withoutFigures(path, options.bounce);
  const text = options.json
    ? JSON.stringify({ result: path, wanted, estimates }, undefined, 2)
    : renderEstimates(estimates, wanted, { path, summary });
  process.stdout.write(`${text}\n`);
  return EXIT.valid;
}

/** @throws UserError naming flag, value and fix */
export async function readWanted(
  named: string | undefined,
  options: EstimateOptions,
): Promise<{ path: string; summary: Summary; wanted: Wanted }> {
  const path =
    named ??
    DEFAULT_RESULTS.map((folder) => fromRoot(folder)).find((folder) =>
      existsSync(`${folder}/summary.json`),
    ) ??
    fromRoot("results/reference");
  const asked = {
    streams: positive("--streams", options.streams, "a number of streams, such as 2000"),
    pipelineS: secondsOf("--pipeline", options.pipeline),
    deploysPerDay: positive("--deploys-per-day", options.deploysPerDay, "a number, such as 8"),
    bounce: options.bounce,
  };
  const rate =
    options.rate === undefined ? null : positive("--rate", options.rate, "events/s, such as 5");
  const summary = await readSummary(path);
  return {
    path,
    summary,
    wanted: { ...asked, eventsPerSecond: rate ?? summary.scenario.eventsPerSecond },
  };
}

export const withoutFigures = (path: string, bounce: BounceKind): UserError =>
  new UserError(
    `${path} has no trusted run with figures per deploy under bounce ${bounce}: ` +
      "name another result or --bounce, rebuild an older one with `sse-lab report DIR`, or " +
      "measure with `sse-lab loadtest`",
  );

const positive = (flag: string, text: string, what: string): number => {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new UserError(`${flag} is "${text}": give ${what}, more than 0`);
};

const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

const secondsOf = (flag: string, text: string): number => {
  const [, number = "", unit = "s"] = /^([0-9.]+)(s|m|h)?$/.exec(text.trim()) ?? [];
  const seconds = Number(number) * (UNIT_S[unit] ?? 1);
  if (number !== "" && Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new UserError(`${flag} is "${text}": give a length such as 90s, 10m or 1h`);
};
