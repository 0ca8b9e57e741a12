/** Brings a topology up as a stack of containers. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { makePrivateFolder } from "../../../common/files/private-folder.ts";
import { UserError } from "../../../common/user-error.ts";
import { connectDocker, type DockerClient } from "../../../infra/engine/docker-client.ts";
import { prepareImages } from "../../../infra/images/prepare-images.ts";
import type { PreparedImages } from "../../../infra/images/prepared-image.ts";
import { stackImages } from "../../../infra/images/stack-images.ts";
import { DEFAULT_REALTIME_SETTINGS } from "../../../infra/realtime/realtime-settings.ts";
import { STAND_IN } from "../../../infra/realtime/realtime-names.ts";
import { checkoutLabels } from "../../../infra/stack/checkout-label.ts";
import { makeLedgerFolder } from "../../../infra/stack/ledger-folder.ts";
import { newStackRecord } from "../../../infra/stack/new-stack-record.ts";
import { recordArgs } from "../../../infra/stack/record-args.ts";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { resolvePulumi } from "../../../infra/toolchain/resolve-pulumi.ts";
import { bringUpInAttempts, PORT_TAKEN } from "../bring-up-attempts.ts";
import type { UpOptions } from "../platform.ts";
import { thisOwner } from "../../../common/processes/owner.ts";
import { lastLogLines, logsOfFailed } from "./control/container-log.ts";
import { waitForRoute, waitUntilReady } from "./control/ready-instances.ts";
import { toDeployment, type DockerDeployment } from "./docker-deployment.ts";
import { checkDisk, refuseForeignStack } from "./preflight.ts";
import { reportSteps } from "./pulumi/engine-events.ts";
import { ImageGoneError, PortTakenError } from "./pulumi/pulumi-errors.ts";
import { removeContainers } from "./remove-by-label.ts";
import { stackLayout } from "./stack-layout.ts";
import { stackService } from "./stack-service.ts";
import { stackRegistry } from "./stack-registry.ts";
import { takeDown } from "./take-down.ts";

/** Versions of the components, each with its source. */
const versionsOf = async (
  { docker }: DockerClient,
  { topology, service }: UpOptions,
  prepared: PreparedImages,
): Promise<Record<string, string>> => {
  const { Version } = await docker.version();
  const { version, source, plugin } = await resolvePulumi();
  const named = (name: string, image: PreparedImages["traefik"]): Record<string, string> =>
    image ? { [name]: `${image.version} (${image.source} image)` } : {};
  return {
    ...named(service?.name ?? "node", prepared.server),
    ...named(topology.router, prepared[topology.router]),
    ...named("valkey", prepared.valkey),
    ...named("realtime", prepared.realtime),
    ...named("postgres", prepared.postgres),
    ...named(STAND_IN, prepared["realtime-standin"]),
    docker: Version,
    pulumi: `${version} (${source})`,
    "pulumi-docker": `${plugin.version} (${plugin.source})`,
  };
};

/** Removes a leftover of this name. `register` refuses anything that lives. */
const removeLeftover = async (
  client: DockerClient,
  stack: string,
  onStep: (step: string) => void,
): Promise<void> => {
  const registry = stackRegistry(client);
  const isLeftover = async (): Promise<boolean> => (await registry.statusOf(stack)) === "leftover";
  if (!(await isLeftover())) return;
  const found = registry.records.read(stack);
  if (!found) return;
  onStep(`removing what a killed command left of ${stack}`);
  await takeDown(client, found, { how: "sweep", onStep, isStillOurs: isLeftover });
};

const bringUpOnce = async (
  client: DockerClient,
  record: StackRecord,
  versions: Readonly<Record<string, string>>,
  options: UpOptions,
): Promise<DockerDeployment> => {
  const { docker } = client;
  const { signal = new AbortController().signal } = options;
  const onStep = (step: string): void => options.onStep?.(step);
  const registry = stackRegistry(client);
  registry.register(record);
  let deployment: DockerDeployment | undefined;
  const crashed = new AbortController();
  const within = AbortSignal.any([signal, crashed.signal]);
  let ended: string | undefined;
  let logs = Promise.resolve("");
  const giveUp = async (): Promise<string> => {
    const found = ended === undefined ? "" : await lastLogLines(docker, `${record.stack}-${ended}`);
    await removeContainers(docker, record.stack).catch(() => undefined);
    return found;
  };
  // An aborted Pulumi waits up to a minute for a container to be ready, unless that is removed.
  const onAbort = (): void => void (logs = giveUp());
  within.addEventListener("abort", onAbort, { once: true });
  try {
    if (record.ledgerDir !== undefined) {
      makeLedgerFolder(record.ledgerDir);
    }
    const layout = await stackLayout(docker, record);
    deployment = await toDeployment({
      ...options,
      client,
      registry,
      record,
      layout,
      versions,
      stateGraceS: record.graceS,
    });
    deployment.timeline.onEnded = (instance, exitCode) => {
      const code = exitCode ?? "unknown";
      ended = instance;
      crashed.abort(
        new UserError(
          `bringing up ${record.stack} failed: ` +
            `${instance} exited (code ${code}) before it was ready`,
          "its log says why",
        ),
      );
    };
    onStep(`pulumi up: ${record.stack}`);
    await deployment.pulumi.up(recordArgs(record), {
      onResource: reportSteps(onStep),
      onStep,
      signal: within,
    });
    await waitForRoute({ docker, layout, signal: within });
    const up = deployment;
    await Promise.all(
      layout.instances.map(async (instance) =>
        up.announceReady(
          instance,
          await waitUntilReady(instance, { docker, layout, signal: within }),
        ),
      ),
    );
    if (options.relays === true) await deployment.prepareLinks();
    within.throwIfAborted();
    deployment.timeline.onEnded = undefined;
    // From now on an abort leads to `down`.
    within.removeEventListener("abort", onAbort);
    return deployment;
  } catch (error) {
    deployment?.abandon();
    await deployment?.pulumi.settled();
    const found = within.aborted ? await logs : await logsOfFailed(docker, record.stack);
    if (error instanceof Error && !signal.aborted) error.message += found;
    await takeDown(client, record, { how: "sweep", onStep }).catch((left: unknown) => {
      const reason = String(left);
      onStep(`${record.stack} was not fully removed; the next command tries again (${reason})`);
    });
    throw error;
  }
};

/**
 * Resolves when the router sends traffic to every instance.
 *
 * @throws UserError, or the error that stopped it; nothing of the stack is left by then
 */
export const bringUp = async (
  options: UpOptions,
  /** Chooses the ports; tests take one of them. */
  makeRecord: typeof newStackRecord = newStackRecord,
): Promise<DockerDeployment> => {
  const { topology, replicas, signal, redis, service } = options;
  const { realtime = DEFAULT_REALTIME_SETTINGS } = options;
  const onStep = (step: string): void => options.onStep?.(step);
  signal?.throwIfAborted();
  const ledgerDir = join(resolve(options.workDir), "ledger");
  if (existsSync(ledgerDir)) {
    throw new Error(`${ledgerDir} exists already: each deployment needs its own work folder`);
  }
  const client = await connectDocker();
  const prepare = (): Promise<PreparedImages> =>
    prepareImages({
      topologies: [topology],
      realtime,
      service: service?.container?.image,
      onStep,
      ...(signal ? { signal } : {}),
    });
  let prepared = await prepare();
  const versions = await versionsOf(client, options, prepared);
  makePrivateFolder(options.workDir);
  const { DockerRootDir } = (await client.docker.info()) as { DockerRootDir?: string };
  await checkDisk({ "the work folder": options.workDir, "the Docker engine": DockerRootDir });
  const stack = options.name ?? `${topology.name}-${randomBytes(4).toString("hex")}`;
  await refuseForeignStack(client.docker, stack);
  await removeLeftover(client, stack, onStep);
  return bringUpInAttempts(
    options,
    async (held) => {
      const foreign =
        service && (await stackService(client.docker, service, prepared.server, options));
      const made = await makeRecord({
        stack,
        topology,
        images: stackImages(topology, prepared),
        labels: checkoutLabels(),
        kept: false,
        owner: thisOwner(),
        engine: client.engineId,
        replicas,
        settings: options.serverSettings,
        service: foreign,
        graceS: foreign?.graceS,
        redis,
        realtime,
        ledgerDir,
      });
      return bringUpOnce(client, { ...made, versions }, versions, held);
    },
    async (error) => {
      if (error instanceof PortTakenError) return PORT_TAKEN;
      if (!(error instanceof ImageGoneError)) return undefined;
      onStep("another command removed an image in the meantime; preparing it again");
      prepared = await prepare();
      return "starting over";
    },
  );
};
