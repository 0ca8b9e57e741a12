/** The valid values of each scenario key, without zod: the k6 scripts check with them too. */
import { PUBLISH_WAYS, REALTIME_TIERS } from "../../infra/realtime/realtime-settings.ts";
import { TOPOLOGIES } from "../../infra/topologies.ts";
import { BOUNCE_CHOICES } from "../history/observation.ts";
import { JITTERS } from "../load/portable/back-off.ts";
import { ARRIVALS, CLIENT_MODELS } from "../load/portable/load-plan.ts";

export { bounceSettingsProblem } from "../nemesis/bounce-settings.ts";

export interface NumberRange {
  min: number;
  max: number;
  unit: string;
  whole: boolean;
}

const any = (min: number, max: number, unit: string): NumberRange => ({
  min,
  max,
  unit,
  whole: false,
});
const whole = (min: number, max: number, unit: string): NumberRange => ({
  min,
  max,
  unit,
  whole: true,
});

export const NUMBER_RANGES = {
  sessions: whole(1, 19_000, "concurrent streams"),
  rate: any(0.1, 1000, "events per second and session"),
  duration: any(1, 3600, "seconds"),
  pipeline: any(1, 3600, "seconds"),
  warmUp: any(0, 600, "seconds"),
  ramp: any(0, 600, "seconds"),
  drain: any(1, 600, "seconds"),
  repeat: whole(1, 50, "repeats"),
  seed: whole(0, 2_147_483_647, "(any whole number)"),
  replicas: whole(2, 10, "replicas"),
  grace: whole(0, 60, "seconds"),
  gates: whole(0, 100, "gates per pipeline run"),
  payloadBytes: whole(0, 65_536, "bytes"),
  retryMs: whole(0, 600_000, "milliseconds"),
  leaseMs: whole(100, 60_000, "milliseconds"),
  heartbeat: any(0, 600, "seconds (0: none)"),
} as const satisfies Record<string, NumberRange>;

export interface Choice<T extends string = string> {
  /** The noun for the error message. */
  what: string;
  from: readonly T[];
}

const choice = <T extends string>(what: string, from: readonly T[]): Choice<T> => ({ what, from });

export const CHOICES = {
  topology: choice(
    "topology",
    TOPOLOGIES.map(({ name }) => name),
  ),
  bounce: choice("bounce", BOUNCE_CHOICES),
  arrival: choice("arrival", ARRIVALS),
  client: choice("client", CLIENT_MODELS),
  jitter: choice("jitter", JITTERS),
  redis: choice("Redis state", ["up", "stopped"] as const),
  realtimePlan: choice("Realtime plan", REALTIME_TIERS),
  realtimePublish: choice("way to publish", PUBLISH_WAYS),
};

/** The problem of a value, or undefined if it is a valid number. */
export function numberProblem(
  value: unknown,
  { min, max, unit, whole: mustBeWhole }: NumberRange,
): string | undefined {
  const give = `give ${min} to ${max} ${unit}`;
  if (typeof value !== "number" || !Number.isFinite(value))
    return `${JSON.stringify(value)} is not a number: ${give}`;
  if (value < min || value > max) return `${value} is out of range: ${give}`;
  if (mustBeWhole && !Number.isInteger(value)) return `${value} is not a whole number: ${give}`;
  return undefined;
}

/** The problem of a value, or undefined if it is one of the choices. */
export const choiceProblem = (value: unknown, { what, from }: Choice): string | undefined =>
  typeof value === "string" && from.includes(value)
    ? undefined
    : `unknown ${what} ${JSON.stringify(value)}: choose from ${from.join(", ")}`;

/** The problem of a value, or undefined if it is a list of the choices. */
export function listProblem(value: unknown, choices: Choice): string | undefined {
  if (!Array.isArray(value))
    return `${JSON.stringify(value)} is not a list of ${choices.what} names`;
  const items: readonly unknown[] = value;
  if (items.length === 0) return `is empty: name at least one ${choices.what}`;
  if (new Set(items).size < items.length) return `names a ${choices.what} twice`;
  return items.map((item) => choiceProblem(item, choices)).find((problem) => problem !== undefined);
}

export const flagProblem = (value: unknown): string | undefined =>
  typeof value === "boolean" ? undefined : `${JSON.stringify(value)} is neither true nor false`;
