/** The events of Pulumi that the lab uses. */
import type { EngineEvent, OpMap, OpType } from "@pulumi/pulumi/automation/index.js";

/** A step of Pulumi on one of the stack's own containers, networks or volumes. */
export interface ResourceStep {
  /** Name in the program: `server-1`, `traefik`, `network`. */
  name: string;
  type: string;
  op: OpType;
  state: "started" | "ended" | "failed";
}

const DOCKER_TYPE = /^docker:/;

/**
 * Ignores events of severity `debug`: they are most of all, and hold secrets of containers. Appends
 * error messages to `reasons`.
 */
export const readEvent = (
  event: EngineEvent,
  onResource: ((step: ResourceStep) => void) | undefined,
  reasons: string[],
): void => {
  if (event.diagnosticEvent) {
    const { severity, message } = event.diagnosticEvent;
    if (severity === "error") reasons.push(message.trim());
    return;
  }
  const [found, state] = event.resourcePreEvent
    ? [event.resourcePreEvent, "started" as const]
    : event.resOutputsEvent
      ? [event.resOutputsEvent, "ended" as const]
      : [event.resOpFailedEvent, "failed" as const];
  if (!found || !onResource) return;
  const { type, urn, op } = found.metadata;
  if (DOCKER_TYPE.test(type)) onResource({ name: urn.split("::").at(-1) ?? urn, type, op, state });
};

/** How many resources were changed in any way. */
export const countChanges = (changes: OpMap | undefined): number =>
  Object.entries(changes ?? {}).reduce(
    (total, [op, count]) => (op === "same" ? total : total + count),
    0,
  );

const DOING: Readonly<Record<string, string>> = {
  create: "creating",
  "create-replacement": "creating",
  "delete-replaced": "stopping",
  delete: "removing",
  update: "changing",
};

/** Reports the start and the failure of each step as a line. */
export const reportSteps =
  (onStep: (step: string) => void) =>
  ({ name, op, state }: ResourceStep): void => {
    const doing = DOING[op];
    if (doing !== undefined && state === "started") onStep(`${name}: ${doing}`);
    if (doing !== undefined && state === "failed") onStep(`${name}: ${doing} failed`);
  };
