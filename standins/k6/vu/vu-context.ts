import type { LogSettings, ScenarioState, Tags, VuData, VuOptions } from "../protocol.ts";
import { K6_VERSION } from "../k6-version.ts";
import type { EventLoop } from "./event-loop.ts";
import type { HostLink } from "./host-link.ts";
import type { Realm } from "./realm.ts";

/** One VU, as the modules of the double use it. */
export interface VuContext {
  readonly data: VuData;
  readonly realm: Realm;
  readonly link: HostLink;
  readonly loop: EventLoop;
  readonly log: LogSettings;
  readonly phase: VuPhase;
  /** Options of the script; {@link NO_OPTIONS} in the init context. */
  readonly options: VuOptions;
  /** Undefined outside of iterations. */
  readonly scenario: ScenarioState | undefined;
  /** Unix time in ms with fractions, on the clock of `performance`. */
  readonly testStartedAt: number;
  /** 0-based. */
  readonly iteration: number;
  /** Tags that the script sets for all samples of this VU. */
  readonly userTags: Record<string, unknown>;
  /** Tags of a sample at this moment. */
  tags(more?: object): Tags;
}

export type VuPhase = "init" | "setup" | "iteration" | "teardown" | "summary";

/** Makes the exports of a module of k6, by name. */
export type K6Module = (vu: VuContext) => Record<string, unknown>;

export const NO_OPTIONS: VuOptions = {
  userAgent: `k6-double/${K6_VERSION}`,
  throw: false,
  noCookiesReset: false,
  discardResponseBodies: false,
  maxRedirects: 10,
  tags: {},
};

/** Converts the values of an object of the script to text. */
export function toTags(values: object): Tags {
  return Object.fromEntries(
    Object.entries(values as Record<string, unknown>).map(([name, value]) => [name, String(value)]),
  );
}
