/** What a user may set of bounces, by kind and name: `{ "redis-outage.for": 10 }`. */
import { BOUNCE_KINDS, type BounceKind } from "../history/observation.ts";
import { KINDS_OF_BOUNCE, type BounceSetting } from "./kinds.ts";

/** Seconds, but a share from 0 to 1. What is absent has its default. */
export type BounceSettings = Readonly<Record<string, number>>;

const RANGES: Readonly<Record<BounceSetting, readonly [number, number, string]>> = {
  for: [0.1, 600, "seconds"],
  after: [0.1, 600, "seconds"],
  share: [0.01, 1, "as a share of the open streams"],
};

export const DEFAULT_BOUNCE_SETTINGS: BounceSettings = Object.fromEntries(
  BOUNCE_KINDS.flatMap((kind) =>
    Object.entries(KINDS_OF_BOUNCE[kind].settings ?? {}).map(([name, value]) => [
      `${kind}.${name}`,
      value,
    ]),
  ),
);

/** In its unit. 0 for a kind that has no such setting. */
export const settingOf = (
  settings: BounceSettings,
  kind: BounceKind,
  name: BounceSetting,
): number => ({ ...DEFAULT_BOUNCE_SETTINGS, ...settings })[`${kind}.${name}`] ?? 0;

/** How much longer a bounce takes than with its defaults, seconds; below 0: shorter. */
export const longerBy = (settings: BounceSettings, kind: BounceKind, replicas: number): number => {
  const more = (name: BounceSetting): number =>
    settingOf(settings, kind, name) - settingOf({}, kind, name);
  return kind === "drain-cut" ? replicas * more("after") : more("for");
};

/** How long requests may wait for what a bounce takes away, seconds. */
export const awayS = (settings: BounceSettings, kind: BounceKind): number => {
  const kinds = kind === "chaos" ? BOUNCE_KINDS : [kind];
  const waits = kinds.filter((one) => KINDS_OF_BOUNCE[one].holdsRequests === true);
  return Math.max(0, ...waits.map((one) => settingOf(settings, one, "for")));
};

/** The problem of a value, or undefined if it holds known settings in their ranges. */
export function bounceSettingsProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return `${JSON.stringify(value)} is not a list of settings: give kind.name=value`;
  for (const [key, one] of Object.entries(value as Record<string, unknown>)) {
    if (!Object.keys(DEFAULT_BOUNCE_SETTINGS).includes(key))
      return (
        `unknown setting ${JSON.stringify(key)}: choose from ` +
        Object.keys(DEFAULT_BOUNCE_SETTINGS).join(", ")
      );
    const [min, max, unit] = RANGES[key.slice(key.indexOf(".") + 1) as BounceSetting];
    if (typeof one !== "number" || !(one >= min && one <= max))
      return `${key} ${JSON.stringify(one)} is out of range: give ${min} to ${max} ${unit}`;
  }
  return undefined;
}

/** The kind that a setting belongs to. */
export const kindOfSetting = (key: string): string => key.slice(0, key.indexOf("."));
