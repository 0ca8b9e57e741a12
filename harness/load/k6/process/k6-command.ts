import type { BounceKind } from "../../../history/observation.ts";
import type { LoadPlan } from "../../portable/load-plan.ts";

/** Which run the load is for: the scripts tag their metrics with it, and judge by it. */
export interface K6RunLabels {
  topology: string;
  bounce: BounceKind;
  /** 1-based. */
  repeat: number;
  replicas: number;
}

export interface K6CommandOptions {
  /** The bundled script. */
  script: string;
  plan: LoadPlan;
  labels: K6RunLabels;
  /** Where `console.log` goes. */
  consoleFile: string;
}

/** What a script is told: the variables that a user sets with `-e`. */
export const scriptVariables = (plan: LoadPlan, labels: K6RunLabels): Record<string, string> => ({
  URL: plan.url,
  TOPOLOGY: labels.topology,
  BOUNCE: labels.bounce,
  REPEAT: String(labels.repeat),
  REPLICAS: String(labels.replicas),
  SESSIONS: String(plan.sessions),
  RATE: String(plan.eventsPerSecond),
  DURATION: String(plan.durationS),
  RAMP: String(plan.rampS),
  DRAIN: String(plan.drainS),
  GATES: String(plan.gates),
  PAYLOAD_BYTES: String(plan.payloadBytes),
  SEED: String(plan.seed),
  // A client that subscribes to the broker directly is a script of its own, not a setting.
  ...(plan.client === "realtime" ? {} : { CLIENT: plan.client }),
});

/** Arguments of k6. Thresholds are off: the harness judges by the ledgers, and an exit code of 99 would say nothing more. */
export const k6Arguments = ({ script, plan, labels, consoleFile }: K6CommandOptions): string[] => [
  "run",
  "--quiet",
  "--no-color",
  "--no-usage-report",
  "--no-thresholds",
  // No control server: two runs at once would want the same port.
  "--address",
  "",
  "--log-format",
  "raw",
  "--console-output",
  consoleFile,
  ...Object.entries(scriptVariables(plan, labels)).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
  script,
];
