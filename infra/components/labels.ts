/** Labels on everything of a stack in the engine: what carries them may be removed, nothing else ever is. */
import type * as docker from "@pulumi/docker";

export const STACK_LABEL = "sse-lab.stack";
export const ROLE_LABEL = "sse-lab.role";
export const INSTANCE_LABEL = "sse-lab.instance";
export const REVISION_LABEL = "sse-lab.revision";

export type Role = "server" | "router" | "broker" | "router-config" | "network";

/** Where a part belongs; the same for all components. */
export interface PartOwner {
  stack: string;
  /** Beside the stack's own. */
  labels: Readonly<Record<string, string>>;
}

type Label = docker.types.input.ContainerLabel;

/** Sorted, so that the state is the same after every run. `more` comes beside them. */
export const partLabels = (
  { stack, labels }: PartOwner,
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
