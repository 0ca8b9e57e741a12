/** Detached stacks: `sse-lab up` or `pulumi up` left them running for later commands. */
import { INSTANCE_LABEL, isCarrier, ROLE_LABEL } from "../../../infra/stack/labels.ts";
import { recordArgs } from "../../../infra/stack/record-args.ts";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import type { DeploymentListeners, RunningDeployment } from "../platform.ts";
import { connectDocker, type DockerClient } from "../../../infra/engine/docker-client.ts";
import { registerImageUser } from "../../../infra/images/image-usage.ts";
import { toDeployment, type DockerDeployment } from "./docker-deployment.ts";
import { reportSteps } from "./pulumi/engine-events.ts";
import { pulumiStack } from "./pulumi/pulumi-stack.ts";
import { listOwn } from "./remove-by-label.ts";
import { describeStack, stackLayout } from "./stack-layout.ts";
import { stackRegistry } from "./stack-registry.ts";

/**
 * The detached stacks of this checkout that still run, also those that a command changes. Oldest
 * first. Asks no engine if there is no record.
 */
export const findRunning = async (): Promise<RunningDeployment[]> => {
  if (stackRecords().list().records.length === 0) return [];
  let client: DockerClient;
  try {
    client = await connectDocker();
  } catch {
    // Without an engine none of them runs.
    return [];
  }
  const found: RunningDeployment[] = [];
  for (const record of await stackRegistry(client).findRunning()) {
    // A record that the Pulumi CLI has just written may have no containers with ports yet.
    const layout = await stackLayout(client.docker, record).catch(() => undefined);
    if (layout) found.push(describeStack(record, layout));
  }
  return found;
};

/** Does the program give the resource with these labels this name? */
const isResource = (labels: Readonly<Record<string, string>>, name: string): boolean => {
  const { [ROLE_LABEL]: role, [INSTANCE_LABEL]: instance } = labels;
  // The carrier of the router's configuration is named after the kind of router.
  if (role === "router-config") return /^(?:traefik|haproxy)-config-carrier$/.test(name);
  return isCarrier(role) ? `${role}-carrier` === name : instance === name;
};

/**
 * Finishes an update that was killed half-way: refreshes the state to match the engine, then
 * recreates what is missing.
 */
const recoverInterruptedUpdate = async (
  { docker, host }: DockerClient,
  record: StackRecord,
  { onStep, signal }: DeploymentListeners,
): Promise<void> => {
  const { stack } = record;
  const pulumi = pulumiStack(stack, host);
  await pulumi.releaseLocks({ onStep });
  const pending = await pulumi.pendingOperations();
  if (pending.length === 0) return;
  onStep?.(`recovering ${stack}: an update was killed half-way (${pending.join(", ")})`);
  const begun = pending.flatMap((one) => /^creating (.+)$/.exec(one)?.[1] ?? []);
  const { containers } = await listOwn(docker, stack);
  for (const { Id, Labels } of containers) {
    if (!begun.some((name) => isResource(Labels, name))) continue;
    // It exists but is not in the state, so that its name would be taken.
    onStep?.(`removing ${Labels[INSTANCE_LABEL] ?? Id}, which exists but is not in the state`);
    await docker.getContainer(Id).remove({ force: true });
  }
  await pulumi.repair({ onStep, signal });
  const onResource = onStep && reportSteps(onStep);
  await pulumi.up(recordArgs(record), { onStep, signal, onResource });
};

/** Of a stack of the Pulumi CLI, the record names the images only. */
const versionsOf = async (
  { docker }: DockerClient,
  { versions, images }: StackRecord,
): Promise<Readonly<Record<string, string>>> =>
  versions ?? {
    docker: (await docker.version()).Version,
    ...Object.fromEntries(Object.entries(images).map(([name, image]) => [`${name} image`, image])),
  };

/** @throws UserError if no detached stack of that name runs, or another command changes it */
export const attach = async (
  id: string,
  listeners: DeploymentListeners,
): Promise<DockerDeployment> => {
  const client = await connectDocker();
  const registry = stackRegistry(client);
  await registry.requireRunning(id);
  const record = await registry.acquire(id);
  try {
    // A deploy creates containers from the images that the stack has.
    await registerImageUser(process.env);
    await recoverInterruptedUpdate(client, record, listeners);
    const layout = await stackLayout(client.docker, record);
    return await toDeployment({
      ...listeners,
      client,
      registry,
      record,
      layout,
      versions: await versionsOf(client, record),
      // An `up` that was ended half-way may have left another grace in the state than on record.
      stateGraceS: undefined,
    });
  } catch (error) {
    registry.release(record);
    throw error;
  }
};
