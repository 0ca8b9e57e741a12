/** Merges the default scenario, the scenario file and the flags, in this order. */
import { parseScenario, type ScenarioPlace } from "./parse-scenario.ts";
import { readText } from "../../common/files/read-text.ts";
import { UserError } from "../../common/user-error.ts";
import { completeScenario } from "./load-times.ts";
import { rampDurationFor } from "./run-times.ts";
import type { Scenario } from "./scenario.ts";

export interface ScenarioSources {
  /** Path of a JSON file with any of the scenario's keys. */
  file?: string;
  /** Values of the command line by scenario key; undefined if not given. */
  flags: Readonly<Record<string, unknown>>;
  place: ScenarioPlace;
}

/** @throws UserError with the file or flag, the value and the fix */
export async function loadScenario({ file, flags, place }: ScenarioSources): Promise<Scenario> {
  const given = Object.fromEntries(
    Object.entries(flags).filter(([, value]) => value !== undefined),
  );
  const fromFile: Record<string, unknown> = file === undefined ? {} : await readScenarioFile(file);
  const nameOf = (key: string): string =>
    key in fromFile && !(key in given) ? `${file ?? ""}: ${key}` : flagOf(key);
  // The file left out pairs of its own lists.
  if (given.topologies !== undefined || given.bounces !== undefined) delete fromFile.steadyOnly;
  const asked = { ...fromFile, ...given };
  const scenario = parseScenario(completeScenario(asked), place, nameOf);
  if (scenario.arrival === "stationary" || scenario.duration !== undefined) return scenario;
  const duration = rampDurationFor(scenario, place.bounceSeconds);
  return parseScenario({ ...scenario, duration }, place, nameOf);
}

async function readScenarioFile(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readText(file);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`--scenario ${error.message}`);
    throw new UserError(
      `--scenario ${file}: cannot be read ` +
        `(${(error as NodeJS.ErrnoException).code ?? String(error)})`,
    );
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    throw new UserError(`--scenario ${file}: is not JSON: ${(error as Error).message}`);
  }
  throw new UserError(`--scenario ${file}: must hold one JSON object with scenario keys`);
}

/** `payloadBytes` -> `--payload-bytes`. */
export const flagOf = (key: string): string =>
  `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
