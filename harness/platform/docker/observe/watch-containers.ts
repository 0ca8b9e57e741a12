/** Watches the containers of a stack by the events of the engine. */
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type Dockerode from "dockerode";
import { z } from "zod";
import { INSTANCE_LABEL, ROLE_LABEL } from "../../../../infra/stack/labels.ts";
import { nowMs } from "../../../../common/clock.ts";
import { eventTime } from "./event-time.ts";
import { checkoutFilter } from "../../../../infra/stack/checkout-label.ts";

/** `term` and `kill`: a signal was sent. `die`: it has ended. */
export type ContainerAction = "start" | "term" | "kill" | "die" | "oom" | "healthy";

export interface ContainerEvent {
  /** An instance, a router, `valkey`, `realtime-standin`, `realtime` or `realtime-postgres`. */
  component: string;
  role: "server" | "router" | "broker";
  id: string;
  action: ContainerAction;
  /** Of a `die`. */
  exitCode?: number;
  /** Harness clock. */
  atMs: number;
}

const eventSchema = z.object({
  Action: z.string(),
  timeNano: z.number(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }),
});

const roleSchema = z.enum(["server", "router", "broker"]);

const SIGKILL = "9";

/** @param term number of the signal that asks an instance to end */
const actionOf = (
  action: string,
  signal: string | undefined,
  term: string,
): ContainerAction | undefined => {
  switch (action) {
    case "start":
    case "die":
    case "oom":
      return action;
    case "health_status: healthy":
      return "healthy";
    case "kill":
      if (signal === SIGKILL) return "kill";
      return signal === term ? "term" : undefined;
    default:
      return undefined;
  }
};

const parseEvent = (
  line: string,
  term: string,
): (ContainerEvent & { plausible: boolean }) | undefined => {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = eventSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { Action, Actor, timeNano } = parsed.data;
  // The engine puts a container's labels among the attributes of its events.
  const {
    [INSTANCE_LABEL]: component,
    [ROLE_LABEL]: roleName,
    signal,
    exitCode,
  } = Actor.Attributes;
  const action = actionOf(Action, signal, term);
  const role = roleSchema.safeParse(roleName);
  if (action === undefined || component === undefined || !role.success) return undefined;
  const { atMs, plausible } = eventTime(timeNano);
  return {
    component,
    role: role.data,
    id: Actor.ID,
    action,
    ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
    atMs,
    plausible,
  };
};

export interface WatchedContainers {
  docker: Dockerode;
  stack: string;
  /** Default: SIGTERM. */
  stopSignal?: string | undefined;
  onEvent: (event: ContainerEvent) => void;
  /** The stream ended unexpectedly: the engine is gone, or restarts. */
  onLost: (atMs: number) => void;
  /** Called once, if the engine's times are implausible and the times of reading count instead. */
  onBadClock?: () => void;
}

/** Resolves once the engine has accepted the subscription, with a function that ends it. */
export const watchContainers = async (given: WatchedContainers): Promise<() => void> => {
  const stream = (await given.docker.getEvents({
    filters: { type: ["container"], ...checkoutFilter(given.stack) },
  })) as unknown as Readable;
  const term = String(constants.signals[(given.stopSignal ?? "SIGTERM") as NodeJS.Signals]);
  let stopped = false;
  let badClock = false;
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  lines.on("line", (line) => {
    const parsed = stopped ? undefined : parseEvent(line, term);
    if (!parsed) return;
    const { plausible, ...event } = parsed;
    if (!plausible && !badClock) {
      badClock = true;
      given.onBadClock?.();
    }
    given.onEvent(event);
  });
  let lost = false;
  const onEnd = (): void => {
    if (stopped || lost) return;
    lost = true;
    given.onLost(nowMs());
  };
  stream.once("error", onEnd);
  // readline forwards its input's errors from Node 20 on.
  lines.once("error", onEnd);
  stream.once("close", onEnd);
  stream.once("end", onEnd);
  return () => {
    stopped = true;
    lines.close();
    stream.destroy();
  };
};
