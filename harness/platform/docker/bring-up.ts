/** Brings a topology up as a stack of containers. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { makeLedgerFolder } from "../../../infra/stack/ledger-folder.ts";
import { newStackRecord } from "../../../infra/stack/new-stack-record.ts";
import { recordArgs } from "../../../infra/stack/record-args.ts";
import { STAND_IN } from "../../../infra/realtime/stand-in-name.ts";
import { DEFAULT_REALTIME_SETTINGS } from "../../../infra/realtime/realtime-settings.ts";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { readStackRecord } from "../../../infra/stack/stack-record.ts";
import type { Topology } from "../../../infra/topologies.ts";
import { resolvePulumi } from "../../../infra/toolchain/resolve-pulumi.ts";
import type { UpOptions } from "../platform.ts";
import { checkDisk } from "./check-disk.ts";
import { claimStack } from "./claim-stack.ts";
import { lastLogLines, logsOfFailed } from "./control/container-log.ts";
import { connectDocker, type DockerClient } from "../../../infra/engine/docker-client.ts";
import { toDeployment, type DockerDeployment } from "./docker-deployment.ts";
import { UserError } from "../../../common/user-error.ts";
import { thisOwner } from "./hold-stack.ts";
import { prepareImages } from "../../../infra/images/prepare-images.ts";
import type { PreparedImages } from "../../../infra/images/prepared-image.ts";
import { stackImages } from "../../../infra/images/stack-images.ts";
import { checkoutLabels } from "../../../infra/stack/checkout-label.ts";
import { ImageGoneError, PortTakenError } from "./pulumi/pulumi-errors.ts";
import { waitForRoute, waitUntilReady } from "./control/ready-instances.ts";
import { refuseForeignStack } from "./refuse-foreign-stack.ts";
import { removeContainers } from "./remove-by-label.ts";
import { reportSteps } from "./pulumi/report-steps.ts";
import { stackFate } from "./recorded-stacks.ts";
import { stackLayout } from "./stack-layout.ts";
import { takeDown } from "./take-down.ts";

/** A port can be taken between being chosen and being published; then everything starts over with others. */
const ATTEMPTS = 3;

/** Versions of the real parts, each with where it comes from. */
const versionsOf = async (
  { docker }: DockerClient,
  topology: Topology,
  prepared: PreparedImages,
): Promise<Record<string, string>> => {
  const { Version } = await docker.version();
  const { version, source, plugin } = await resolvePulumi();
  const named = (part: string, image: PreparedImages["traefik"]): Record<string, string> =>
    image ? { [part]: `${image.version} (${image.source} image)` } : {};
  return {
    ...named("node", prepared.server),
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

/** What a dead command left of a stack of this name is removed; anything living is an error of `claimStack`. */
const makeRoom = async (
  client: DockerClient,
  stack: string,
  onStep: (step: string) => void,
): Promise<void> => {
  const found = readStackRecord(stack);
  if (!found || (await stackFate(client.docker, found)) !== "leftover") return;
  onStep(`removing what a killed command left of ${stack}`);
  const isStillOurs = async (): Promise<boolean> => {
    const now = readStackRecord(stack);
    return now !== undefined && (await stackFate(client.docker, now)) === "leftover";
  };
  await takeDown(client, found, { how: "sweep", onStep, isStillOurs });
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
  claimStack(record);
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
  // Pulumi ends what it has begun before it stops, and waits a minute for a container to be ready: not for one that is gone.
  const onAbort = (): void => void (logs = giveUp());
  within.addEventListener("abort", onAbort, { once: true });
  try {
    if (record.ledgerDir !== undefined) {
      await mkdir(join(record.ledgerDir, ".."), { recursive: true, mode: 0o700 });
      makeLedgerFolder(record.ledgerDir);
    }
    const parts = await stackLayout(docker, record);
    deployment = await toDeployment({
      ...options,
      client,
      record,
      parts,
      versions,
      stateGraceS: record.graceS,
    });
    deployment.timeline.onEnded = (instance, exitCode) => {
      const code = exitCode ?? "unknown";
      ended = instance;
      crashed.abort(
        new UserError(
          `bringing up ${record.stack} failed: ${instance} exited (code ${code}) before it was ready`,
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
    await waitForRoute({ docker, parts, signal: within });
    const up = deployment;
    await Promise.all(
      parts.instances.map(async (instance) =>
        up.announceReady(instance, await waitUntilReady(instance, { docker, parts, signal: within })),
      ),
    );
    within.throwIfAborted();
    deployment.timeline.onEnded = undefined;
    // Once it is up, an abort leads to its `down`.
    within.removeEventListener("abort", onAbort);
    return deployment;
  } catch (error) {
    deployment?.abandon();
    await deployment?.pulumi.settled();
    const found = within.aborted ? await logs : await logsOfFailed(docker, record.stack);
    if (error instanceof Error && !signal.aborted) error.message += found;
    await takeDown(client, record, { how: "sweep", onStep }).catch((left: unknown) => {
      onStep(`${record.stack} could not be removed whole; the next command tries again (${String(left)})`);
    });
    throw error;
  }
};

/** `up` is told only of what has succeeded: a part of a failed attempt has never been there. */
const heldBack = (options: UpOptions): { held: UpOptions; tell: () => void } => {
  const waiting: (() => void)[] = [];
  let isUp = false;
  const report = (tell: () => void): void => {
    if (isUp) tell();
    else waiting.push(tell);
  };
  return {
    held: {
      ...options,
      onInstance: (...what) => report(() => options.onInstance?.(...what)),
      onComponentExit: (...what) => report(() => options.onComponentExit?.(...what)),
    },
    tell: () => {
      isUp = true;
      for (const one of waiting) one();
    },
  };
};

/**
 * Resolves when the router sends traffic to every instance.
 *
 * @throws UserError, or whatever kept it from coming up; nothing of it is left by then
 */
export const bringUp = async (
  options: UpOptions,
  /** Chooses the ports; a test takes one of them. */
  makeRecord: typeof newStackRecord = newStackRecord,
): Promise<DockerDeployment> => {
  const { topology, replicas, signal, redis, realtime = DEFAULT_REALTIME_SETTINGS } = options;
  const onStep = (step: string): void => options.onStep?.(step);
  signal?.throwIfAborted();
  const ledgerDir = join(resolve(options.workDir), "ledger");
  if (existsSync(ledgerDir)) {
    throw new Error(`${ledgerDir} is there already: each deployment needs a work folder of its own`);
  }
  const client = await connectDocker();
  const prepare = (): Promise<PreparedImages> =>
    prepareImages({ topologies: [topology], realtime, onStep, ...(signal ? { signal } : {}) });
  let prepared = await prepare();
  const versions = await versionsOf(client, topology, prepared);
  await mkdir(options.workDir, { recursive: true, mode: 0o700 });
  const { DockerRootDir } = (await client.docker.info()) as { DockerRootDir?: string };
  await checkDisk({ "the work folder": options.workDir, "the Docker engine": DockerRootDir });
  const stack = options.name ?? `${topology.name}-${randomBytes(4).toString("hex")}`;
  await refuseForeignStack(client.docker, stack);
  await makeRoom(client, stack, onStep);
  for (let attempt = 1; ; attempt += 1) {
    const record = await makeRecord({
      stack,
      topology,
      images: stackImages(topology, prepared),
      labels: checkoutLabels(),
      kept: false,
      owner: thisOwner(),
      replicas,
      redis,
      realtime,
      ledgerDir,
    });
    const { held, tell } = heldBack(options);
    try {
      const deployment = await bringUpOnce(client, record, versions, held);
      tell();
      return deployment;
    } catch (error) {
      if (attempt === ATTEMPTS || signal?.aborted) throw error;
      if (error instanceof PortTakenError) {
        onStep("a port was taken by another program meanwhile; starting over with other ports");
      } else if (error instanceof ImageGoneError) {
        onStep("an image was removed by another command meanwhile; starting over");
        prepared = await prepare();
      } else throw error;
    }
  }
};
