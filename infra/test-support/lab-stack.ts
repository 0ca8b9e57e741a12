/**
 * A real stack for a test: Pulumi's Automation API with a separate state, real images, and a view
 * of the engine.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  LocalWorkspace,
  PulumiCommand,
  type EngineEvent,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import Dockerode from "dockerode";
import { dockerEndpoint } from "../../common/docker-endpoint.ts";
import { prepareImages } from "../images/prepare-images.ts";
import { stackImages } from "../images/stack-images.ts";
import { realtimeBy } from "../stack/new-stack-record.ts";
import { DEFAULT_REALTIME_SETTINGS } from "../realtime/realtime-settings.ts";
import { newStackRealtime } from "../realtime/stack-realtime.ts";
import { isCarrier, STACK_LABEL } from "../stack/labels.ts";
import { freePorts } from "../../common/free-port.ts";
import { makeLedgerFolder } from "../stack/ledger-folder.ts";
import { stackProgram } from "../program.ts";
import type { StackArgs, StackImages, StackOutputs } from "../stack/stack-args.ts";
import { resolvePulumi, type PulumiTools } from "../toolchain/resolve-pulumi.ts";
import type { Topology } from "../topologies.ts";

export const docker = new Dockerode();

/** What the engine has of a stack, by the stack's label. */
export const whatIsLeft = async (stack: string): Promise<string[]> => {
  const filters = { label: [`${STACK_LABEL}=${stack}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify(filters) });
  return [
    ...containers.flatMap(({ Names }) => Names.map((name) => `container ${name}`)),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...Volumes.map(({ Name }) => `volume ${Name}`),
  ];
};

export interface Change {
  /** The name in the program: `server-1`. */
  name: string;
  op: string;
  state: "started" | "ended";
}

export interface LabStack {
  args: StackArgs;
  /** Returns the changes; unchanged resources are left out. */
  up(
    change?: Partial<StackArgs>,
    options?: { parallel?: number; refresh?: boolean },
  ): Promise<Change[]>;
  /** Of the latest `up`. */
  outputs(): StackOutputs;
  /** Kinds of change that an `up` would make. */
  preview(change?: Partial<StackArgs>): Promise<string[]>;
  destroy(): Promise<void>;
  /** Id of each container by instance label, without the carriers of files. */
  containers(): Promise<Map<string, string>>;
  /**
   * The state as the backend stores it, with encrypted secrets. (Pulumi's export holds them in
   * plain text.)
   */
  state(): Promise<string>;
  /** Removes the stack and its folder. */
  remove(): Promise<void>;
}

const changeOf = ({ resourcePreEvent, resOutputsEvent }: EngineEvent): Change[] => {
  const found = resourcePreEvent ?? resOutputsEvent;
  if (
    !found ||
    ["same", "refresh"].includes(found.metadata.op) ||
    !found.metadata.type.startsWith("docker:")
  )
    return [];
  const { urn, op } = found.metadata;
  return [
    { name: urn.split("::").at(-1) ?? urn, op, state: resourcePreEvent ? "started" : "ended" },
  ];
};

export const stackName = (topology: Topology): string =>
  `${topology.name}-t${randomBytes(3).toString("hex")}`;

/** With an event log, so with every component. */
const REALTIME = { ...DEFAULT_REALTIME_SETTINGS, catchUp: true };

/** Looking for images takes a while even if all are there. */
const prepared = new Map<string, Promise<StackImages>>();
const imagesOf = (topology: Topology): Promise<StackImages> => {
  const images =
    prepared.get(topology.name) ??
    prepareImages({ topologies: [topology], realtime: REALTIME }).then((found) =>
      stackImages(topology, found),
    );
  prepared.set(topology.name, images);
  return images;
};

const newArgs = async (topology: Topology, ledgerDir: string): Promise<StackArgs> => {
  const [router, dashboard, realtime, ...instances] = (await freePorts(topology.replicas + 3)) as [
    number,
    number,
    number,
    ...number[],
  ];
  const images = await imagesOf(topology);
  const hasRealtime = topology.broadcaster === "supabase";
  return {
    stack: stackName(topology),
    topology,
    replicas: topology.replicas,
    images,
    revision: "1",
    graceS: 10,
    ports: { router, dashboard, instances, ...(hasRealtime ? { realtime } : {}) },
    ledgerDir,
    sessionSecret: randomBytes(32).toString("hex"),
    redis: "up",
    ...(hasRealtime ? { realtime: await newStackRealtime(REALTIME, realtimeBy(images)) } : {}),
    labels: { "sse-lab.test": "program" },
  };
};

export interface PulumiAccess {
  /** For every process that runs Pulumi. */
  env: Record<string, string>;
  command: PulumiCommand;
  pulumi: string;
}

let found: Promise<[PulumiTools, PulumiCommand]> | undefined;
const findPulumi = async (): Promise<[PulumiTools, PulumiCommand]> => {
  const tools = await resolvePulumi();
  return [tools, await PulumiCommand.get({ root: tools.root })];
};

/** Pulumi with its state in `folder`. */
export const pulumiIn = async (folder: string): Promise<PulumiAccess> => {
  const [tools, command] = await (found ??= findPulumi());
  return {
    pulumi: tools.pulumi,
    command,
    env: {
      ...tools.env,
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    },
  };
};

/** Opens an existing stack, or makes a new one, through the Automation API. */
export const automationStack = async (
  access: PulumiAccess,
  args: StackArgs,
  how: "createStack" | "selectStack",
): Promise<Stack> => {
  const program = stackProgram(args, { dockerHost: (await dockerEndpoint()).host });
  return LocalWorkspace[how](
    { stackName: args.stack, projectName: "sse-scaling-lab", program },
    { pulumiCommand: access.command, envVars: access.env },
  );
};

export const labStack = async (
  topology: Topology,
  given: Partial<StackArgs> = {},
): Promise<LabStack> => {
  const folder = mkdtempSync(join(tmpdir(), "sse-lab-stack-"));
  const ledgerDir = join(folder, "ledger");
  makeLedgerFolder(ledgerDir);
  const access = await pulumiIn(folder);
  let args: StackArgs = { ...(await newArgs(topology, ledgerDir)), ...given };
  const { stack } = args;
  const { host: dockerHost } = await dockerEndpoint();
  const opened = await automationStack(access, args, "createStack");
  /** The program of the changed arguments. */
  const programOf = (change: Partial<StackArgs>): ReturnType<typeof stackProgram> => {
    args = { ...args, ...change };
    return stackProgram(args, { dockerHost });
  };
  let outputs: StackOutputs | undefined;
  let isDestroyed = false;
  const destroy = async (): Promise<void> => {
    if (isDestroyed) return;
    await opened.destroy();
    isDestroyed = true;
  };
  return {
    args,
    up: async (change = {}, options = {}) => {
      const program = programOf(change);
      isDestroyed = false;
      const changes: Change[] = [];
      const onEvent = (event: EngineEvent): void => void changes.push(...changeOf(event));
      const result = await opened.up({ ...options, program, onEvent });
      const values = Object.entries(result.outputs).map(([name, { value }]) => [
        name,
        value as unknown,
      ]);
      outputs = Object.fromEntries(values) as StackOutputs;
      return changes;
    },
    outputs: () => {
      if (!outputs) throw new Error(`${stack} has not been brought up`);
      return outputs;
    },
    preview: async (change = {}) => {
      const { changeSummary } = await opened.preview({ program: programOf(change) });
      return Object.keys(changeSummary).filter((op) => op !== "same");
    },
    destroy,
    containers: async () => {
      const found = await docker.listContainers({
        all: true,
        filters: { label: [`${STACK_LABEL}=${stack}`] },
      });
      return new Map(
        found
          .map(({ Id, Labels }) => [Labels["sse-lab.instance"] ?? "", Id] as const)
          .filter(([instance]) => !isCarrier(instance)),
      );
    },
    state: () => readFile(join(folder, ".pulumi/stacks/sse-scaling-lab", `${stack}.json`), "utf8"),
    remove: async () => {
      // Also when a test failed in the middle.
      await destroy().finally(() => rmSync(folder, { recursive: true, force: true }));
    },
  };
};
