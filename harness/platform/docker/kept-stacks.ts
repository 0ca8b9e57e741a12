/** Stacks that outlive the command that brought them up: `sse-lab up` or `pulumi up`, then `bounce` and `down` by other commands. */
import { listStackRecords, readStackRecord } from "../../../infra/stack-record.ts";
import { recordArgs } from "../../../infra/record-args.ts";
import type { DeploymentListeners, KeptDeployment } from "../platform.ts";
import { connectDocker, type DockerClient } from "./docker-client.ts";
import { toDeployment, type DockerDeployment } from "./docker-deployment.ts";
import { DockerError } from "./docker-error.ts";
import { pulumiStack } from "./pulumi-stack.ts";
import { stackFate } from "./recorded-stacks.ts";
import { reportSteps } from "./report-steps.ts";
import { stackParts, toKept } from "./stack-parts.ts";

/** Those of this checkout that still run, oldest first. Asks no engine where there is no record. */
export const findKept = async (): Promise<KeptDeployment[]> => {
  const { records } = listStackRecords();
  if (records.length === 0) return [];
  let client: DockerClient;
  try {
    client = await connectDocker();
  } catch {
    // Without an engine nothing of them runs.
    return [];
  }
  const kept: KeptDeployment[] = [];
  for (const record of records) {
    if ((await stackFate(client.docker, record)) !== "kept") continue;
    // A record that the ordinary CLI has just written may have no containers with ports yet.
    const parts = await stackParts(client.docker, record).catch(() => undefined);
    if (parts) kept.push(toKept(record, parts));
  }
  return kept;
};

/**
 * What a deploy that was killed half-way left undone is done first: the state is made to say what there is, and what is missing is
 * made again.
 */
const mend = async (client: DockerClient, stack: string, listeners: DeploymentListeners): Promise<void> => {
  const record = readStackRecord(stack);
  const pulumi = pulumiStack(stack, client.host);
  await pulumi.releaseLocks({ onStep: listeners.onStep });
  const pending = await pulumi.pendingOperations();
  if (!record || pending.length === 0) return;
  listeners.onStep?.(`mending ${stack}: a change of it was killed half-way (${pending.join(", ")})`);
  for (const name of pending.flatMap((one) => /^creating (.+)$/.exec(one)?.[1] ?? [])) {
    // Made, and not in the state: it would be in its own way.
    await client.docker
      .getContainer(`${stack}-${name}`)
      .remove({ force: true })
      .catch(() => undefined);
  }
  const { onStep, signal } = listeners;
  await pulumi.repair({ onStep, signal });
  await pulumi.up(recordArgs(record), {
    onStep,
    signal,
    ...(onStep ? { onResource: reportSteps(onStep) } : {}),
  });
};

/** @throws DockerError when no kept stack of that name runs */
export const attach = async (id: string, listeners: DeploymentListeners): Promise<DockerDeployment> => {
  const client = await connectDocker();
  const { records } = listStackRecords();
  const found = records.find(({ stack }) => stack === id);
  if (!found || (await stackFate(client.docker, found)) !== "kept") {
    const there = (await findKept()).map((one) => one.id).join(", ") || "none";
    throw new DockerError(`no deployment "${id}" is up; there are: ${there}`, "bring one up with sse-lab up");
  }
  await mend(client, id, listeners);
  const parts = await stackParts(client.docker, found);
  return toDeployment({ ...listeners, client, record: found, parts, versions: {} });
};
