/** Labels on everything of a stack in the engine. The lab removes only what carries them. */
import type * as docker from "@pulumi/docker";

export const STACK_LABEL = "sse-lab.stack";
export const ROLE_LABEL = "sse-lab.role";
export const INSTANCE_LABEL = "sse-lab.instance";
export const REVISION_LABEL = "sse-lab.revision";

/** A container that carries files into a volume and never runs. */
export type CarrierRole = "router-config" | "postgres-config";
/**
 * `broker`: carries events from one instance to another or to the clients, or serves one that does.
 */
export type Role = "server" | "router" | "broker" | CarrierRole | "network";

export const isCarrier = (role: string | undefined): role is CarrierRole =>
  role === "router-config" || role === "postgres-config";

/** The stack that a component belongs to. */
export interface ComponentOwner {
  stack: string;
  /** Beside the stack's own. */
  labels: Readonly<Record<string, string>>;
}

type Label = docker.types.input.ContainerLabel;

/** Sorted, so that the state is the same after every run. `more` comes beside them. */
export const componentLabels = (
  { stack, labels }: ComponentOwner,
  role: Role,
  instance: string,
  more: Readonly<Record<string, string>> = {},
): Label[] =>
  Object.entries({
    ...labels,
    ...more,
    [STACK_LABEL]: stack,
    [ROLE_LABEL]: role,
    [INSTANCE_LABEL]: instance,
  })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
