import type { BounceKind } from "../../../history/observation.ts";
import type { PlannedLoad } from "../../portable/load-plan.ts";

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
  plan: PlannedLoad;
  labels: K6RunLabels;
  /** Where `console.log` goes. */
  consoleFile: string;
  /** Holds a `ServiceForScript`. Default: the lab's own server. */
  serviceFile?: string | undefined;
}

/** The variables of a script, which a user sets with `-e`. */
export const scriptVariables = (
  plan: PlannedLoad,
  labels: K6RunLabels,
): Record<string, string> => ({
  URL: plan.url,
  TOPOLOGY: labels.topology,
  BOUNCE: labels.bounce,
  REPEAT: String(labels.repeat),
  REPLICAS: String(labels.replicas),
  SESSIONS: String(plan.sessions),
  RATE: String(plan.eventsPerSecond),
  DURATION: String(plan.durationS),
  ARRIVAL: plan.arrival,
  PIPELINE: String(plan.pipelineS),
  WARM_UP: String(plan.warmUpS),
  JITTER: plan.jitter,
  HEARTBEAT: String(plan.heartbeatS),
  RAMP: String(plan.rampS),
  DRAIN: String(plan.drainS),
  GATES: String(plan.gates),
  PAYLOAD_BYTES: String(plan.payloadBytes),
  SEED: String(plan.seed),
  // A client that subscribes to the broker directly has a separate script, not a setting.
  ...(plan.client === "realtime" ? {} : { CLIENT: plan.client }),
});

/**
 * Arguments of k6. Thresholds are off: the harness judges by the ledgers, and an exit code of 99
 * would say nothing more.
 */
export const k6Arguments = ({
  script,
  plan,
  labels,
  consoleFile,
  serviceFile,
}: K6CommandOptions): string[] => [
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
  ...Object.entries(scriptVariables(plan, labels)).flatMap(([name, value]) => [
    "-e",
    `${name}=${value}`,
  ]),
  ...(serviceFile === undefined ? [] : ["-e", `SERVICE=${serviceFile}`]),
  script,
];

/**
 * What k6 needs to find programs, its cache and its certificates, without the harness's settings
 * and secrets.
 */
const NEEDED: ReadonlySet<string> = new Set([
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  // For extensions that k6 fetches. Addresses of this host are never asked for through a proxy.
  "HTTPS_PROXY",
  "https_proxy",
  "NO_PROXY",
  "no_proxy",
]);

/** The harness's own business: where k6 is, how much load it makes, and where its records go. */
const OURS: ReadonlySet<string> = new Set([
  "K6_BIN",
  "K6_VUS",
  "K6_ITERATIONS",
  "K6_DURATION",
  "K6_STAGES",
  "K6_EXECUTION_SEGMENT",
  "K6_EXECUTION_SEGMENT_SEQUENCE",
  "K6_CONSOLE_OUTPUT",
  "K6_LOG_OUTPUT",
]);

/** The environment that k6 gets: what it needs, and the user's own `K6_...` options. */
export const k6Environment = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        (NEEDED.has(entry[0]) || (entry[0].startsWith("K6_") && !OURS.has(entry[0]))),
    ),
  );
