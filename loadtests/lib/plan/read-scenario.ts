import { UTF16_PROBLEM, withoutMark } from "../../../common/portable/plain-text.ts";
import {
  bounceSettingsProblem,
  choiceProblem,
  CHOICES,
  flagProblem,
  listProblem,
  NUMBER_RANGES,
  numberProblem,
} from "../../../harness/scenario/ranges.ts";
import type { Scenario } from "../../../harness/scenario/scenario.ts";

/**
 * How each key is checked. All keys of the native engine's scenario files are known, also those
 * that mean nothing to a script.
 */
const CHECKS: Readonly<Record<keyof Scenario, (value: unknown) => string | undefined>> = {
  topologies: (value) => listProblem(value, CHOICES.topology),
  bounces: (value) => listProblem(value, CHOICES.bounce),
  steadyOnly: (value) => listProblem(value, CHOICES.topology),
  sessions: (value) => numberProblem(value, NUMBER_RANGES.sessions),
  rate: (value) => numberProblem(value, NUMBER_RANGES.rate),
  arrival: (value) => choiceProblem(value, CHOICES.arrival),
  pipeline: (value) => numberProblem(value, NUMBER_RANGES.pipeline),
  warmUp: (value) => numberProblem(value, NUMBER_RANGES.warmUp),
  duration: (value) => numberProblem(value, NUMBER_RANGES.duration),
  ramp: (value) => numberProblem(value, NUMBER_RANGES.ramp),
  drain: (value) => numberProblem(value, NUMBER_RANGES.drain),
  repeat: (value) => numberProblem(value, NUMBER_RANGES.repeat),
  seed: (value) => numberProblem(value, NUMBER_RANGES.seed),
  replicas: (value) => numberProblem(value, NUMBER_RANGES.replicas),
  grace: (value) => numberProblem(value, NUMBER_RANGES.grace),
  gates: (value) => numberProblem(value, NUMBER_RANGES.gates),
  payloadBytes: (value) => numberProblem(value, NUMBER_RANGES.payloadBytes),
  client: (value) => choiceProblem(value, CHOICES.client),
  jitter: (value) => choiceProblem(value, CHOICES.jitter),
  retryMs: (value) => numberProblem(value, NUMBER_RANGES.retryMs),
  heartbeat: (value) => numberProblem(value, NUMBER_RANGES.heartbeat),
  bounceSettings: bounceSettingsProblem,
  leaseMs: (value) => numberProblem(value, NUMBER_RANGES.leaseMs),
  redis: (value) => choiceProblem(value, CHOICES.redis),
  catchUp: flagProblem,
  realtimePlan: (value) => choiceProblem(value, CHOICES.realtimePlan),
  overQuota: flagProblem,
  realtimePublish: (value) => choiceProblem(value, CHOICES.realtimePublish),
};

/** A scenario file by itself. With `problems` (one line each), nothing of it counts. */
export function readScenario(
  file: string,
  open: (path: string) => string,
): { scenario: Partial<Scenario>; problems: string[] } {
  const failed = (problem: string) => ({ scenario: {}, problems: [problem] });
  let text: string | undefined;
  try {
    text = withoutMark(open(file));
  } catch (error) {
    return failed(
      `SCENARIO ${JSON.stringify(file)}: cannot be read (${String(error)}); give smoke, default, ` +
        "soak, or a path relative to the script",
    );
  }
  if (text === undefined) return failed(`SCENARIO ${JSON.stringify(file)} ${UTF16_PROBLEM}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return failed(`SCENARIO ${JSON.stringify(file)}: is not JSON: ${String(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return failed(`SCENARIO ${JSON.stringify(file)}: must hold one JSON object with scenario keys`);
  const checks: Readonly<Record<string, ((value: unknown) => string | undefined) | undefined>> =
    CHECKS;
  const problems = Object.entries(value).flatMap(([key, one]) => {
    const check = Object.keys(CHECKS).includes(key) ? checks[key] : undefined;
    if (check === undefined)
      return [
        `${file}: unknown scenario key ${JSON.stringify(key)}: known keys are ` +
          Object.keys(CHECKS).join(", "),
      ];
    const problem = check(one);
    return problem === undefined ? [] : [`${file}: ${key}: ${problem}`];
  });
  return { scenario: problems.length > 0 ? {} : value, problems };
}
