/** Stacks that outlive the command that brought them up: `sse-lab up` or `pulumi up`, then `bounce` and `down` by other commands. */
import { INSTANCE_LABEL, isCarrier, ROLE_LABEL } from "../../../infra/stack/labels.ts";
import { listStackRecords, readStackRecord } from "../../../infra/stack/stack-record.ts";
import { recordArgs } from "../../../infra/stack/record-args.ts";
import type { DeploymentListeners, RunningDeployment } from "../platform.ts";
import { connectDocker, type DockerClient } from "../../../infra/engine/docker-client.ts";
import { toDeployment, type DockerDeployment } from "./docker-deployment.ts";
import { UserError } from "../../../common/user-error.ts";
import { holdStack, letGo } from "./hold-stack.ts";
import { leaseImages } from "../../../infra/images/image-usage.ts";
import { listOwn } from "./remove-by-label.ts";
import { pulumiStack } from "./pulumi/pulumi-stack.ts";
import { stackFate } from "./recorded-stacks.ts";
import { reportSteps } from "./pulumi/report-steps.ts";
import { runsAnything, stackLayout, describeStack } from "./stack-layout.ts";

/** Those of this checkout that still run, those in another command's hands included, oldest first. Asks no engine where there is no record. */
export const findRunning = async (): Promise<RunningDeployment[]> => {
  const { records } = listStackRecords();
  if (records.length === 0) return [];
  let client: DockerClient;
  try {
    client = await connectDocker();
  } catch {
    // Without an engine nothing of them runs.
    return [];
  }
  const kept: RunningDeployment[] = [];
  for (const record of records) {
    if (!record.kept || !["kept", "owned"].includes(await stackFate(client.docker, record))) continue;
    if (!(await runsAnything(client.docker, record.stack))) continue;
    // A record that the ordinary CLI has just written may have no containers with ports yet.
    const parts = await stackLayout(client.docker, record).catch(() => undefined);
    if (parts) kept.push(describeStack(record, parts));
  }
  return kept;
};

/** Is what carries these labels the resource that the program calls by this name? */
const isResource = (labels: Readonly<Record<string, string>>, name: string): boolean => {
  const { [ROLE_LABEL]: role, [INSTANCE_LABEL]: instance } = labels;
  // That of the router is called after which router it is.
  if (role === "router-config") return /^(?:traefik|haproxy)-config-carrier$/.test(name);
  return isCarrier(role) ? `${role}-carrier` === name : instance === name;
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
  const begun = pending.flatMap((one) => /^creating (.+)$/.exec(one)?.[1] ?? []);
  const { containers } = await listOwn(client.docker, stack);
  for (const { Id, Labels } of containers) {
    if (!begun.some((name) => isResource(Labels, name))) continue;
    // Made, and not in the state: it would be in its own way.
    listeners.onStep?.(`removing ${Labels[INSTANCE_LABEL] ?? Id}, which was made and is not in the state`);
    await client.docker.getContainer(Id).remove({ force: true });
  }
  const { onStep, signal } = listeners;
  await pulumi.repair({ onStep, signal });
  await pulumi.up(recordArgs(record), {
    onStep,
    signal,
    ...(onStep ? { onResource: reportSteps(onStep) } : {}),
  });
};

/** @throws UserError when no kept stack of that name runs, or another command has hold of it */
export const attach = async (id: string, listeners: DeploymentListeners): Promise<DockerDeployment> => {
  const client = await connectDocker();
  const { records } = listStackRecords();
  const found = records.find(({ stack }) => stack === id);
  const fate = found?.kept ? await stackFate(client.docker, found) : undefined;
  if (fate !== "kept" && fate !== "owned") {
    const there = (await findRunning()).map((one) => one.id).join(", ") || "none";
    throw new UserError(`no deployment "${id}" is up; there are: ${there}`, "bring one up with sse-lab up");
  }
  const record = await holdStack(id);
  try {
    // A deploy makes containers of the images that the stack has.
    await leaseImages(process.env);
    await mend(client, id, listeners);
    const parts = await stackLayout(client.docker, record);
    // An `up` that was ended half-way may have left another grace in the state than on record.
    return await toDeployment({
      ...listeners,
      client,
      record,
      parts,
      versions: {},
      stateGraceS: undefined,
    });
  } catch (error) {
    letGo(record);
    throw error;
  }
};
