import type { LogSettings, ScenarioState, Tags, VuData, VuOptions } from "../protocol.ts";
import type { EventLoop } from "./event-loop.ts";
import type { HostLink } from "./host-link.ts";
import type { Realm } from "./realm.ts";

/** What a module of the double is given to work with: one VU. */
export interface VuContext {
  readonly data: VuData;
  readonly realm: Realm;
  readonly link: HostLink;
  readonly loop: EventLoop;
  readonly log: LogSettings;
  readonly phase: VuPhase;
  /** Of the script; {@link NO_OPTIONS} in the init context. */
  readonly options: VuOptions;
  /** Undefined outside of iterations. */
  readonly scenario: ScenarioState | undefined;
  /** On `performance`'s clock of all threads: Unix time in ms with fractions. */
  readonly testStartedAt: number;
  /** 0-based. */
  readonly iteration: number;
  /** Tags that the script set for all of this VU's samples. */
  readonly userTags: Record<string, unknown>;
  /** Tags of a sample that is taken now. */
  tags(more?: object): Tags;
}

export type VuPhase = "init" | "setup" | "iteration" | "teardown" | "summary";

/** A module of k6: its exports by name. `default` is an object of the same where the module has a default export. */
export type K6Module = (vu: VuContext) => Record<string, unknown>;

export const NO_OPTIONS: VuOptions = {
  userAgent: "k6-double/1.2.1",
  throw: false,
  noCookiesReset: false,
  discardResponseBodies: false,
  maxRedirects: 10,
  tags: {},
};

/** Text of the values of an object that the script made. */
export function toTags(values: object): Tags {
  return Object.fromEntries(
    Object.entries(values as Record<string, unknown>).map(([name, value]) => [name, String(value)]),
  );
}
