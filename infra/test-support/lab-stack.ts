/** A real stack for a test: Pulumi's Automation API with a state of its own, real images, and the engine to look at what came of it. */
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
import { resolvePulumi } from "../toolchain/resolve-pulumi.ts";
import type { Topology } from "../topologies.ts";

export const docker = new Dockerode();

/** What the engine has of a stack, by our label. */
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
  /** As the program calls it: `server-1`. */
  name: string;
  op: string;
  state: "started" | "ended";
}

export interface LabStack {
  args: StackArgs;
  /** What was changed; unchanged resources are left out. */
  up(change?: Partial<StackArgs>, options?: { parallel?: number; refresh?: boolean }): Promise<Change[]>;
  outputs(): Promise<StackOutputs>;
  /** Kinds of change that an `up` would make. */
  preview(change?: Partial<StackArgs>): Promise<string[]>;
  destroy(): Promise<void>;
  /** Id of each container, by instance label; without what only carries files. */
  containers(): Promise<Map<string, string>>;
  /** The whole state, as it lies in the backend: secrets encrypted. (What Pulumi exports of it holds them in plain text.) */
  state(): Promise<string>;
  /** Removes whatever is there, and the folder. */
  remove(): Promise<void>;
}

const changeOf = ({ resourcePreEvent, resOutputsEvent }: EngineEvent): Change[] => {
  const found = resourcePreEvent ?? resOutputsEvent;
  if (!found || ["same", "refresh"].includes(found.metadata.op) || !found.metadata.type.startsWith("docker:"))
    return [];
  const { urn, op } = found.metadata;
  return [{ name: urn.split("::").at(-1) ?? urn, op, state: resourcePreEvent ? "started" : "ended" }];
};

export const stackName = (topology: Topology): string =>
  `${topology.name}-t${randomBytes(3).toString("hex")}`;

/** With everything that it can have beside it. */
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
  /** For everything that runs Pulumi. */
  env: Record<string, string>;
  command: PulumiCommand;
  pulumi: string;
}

/** Pulumi with its state in `folder`. */
export const pulumiIn = async (folder: string): Promise<PulumiAccess> => {
  const tools = await resolvePulumi();
  return {
    pulumi: tools.pulumi,
    command: await PulumiCommand.get({ root: tools.root }),
    env: {
      ...tools.env,
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    },
  };
};

/** Takes hold of a stack through the Automation API. */
export const automationStack = async (access: PulumiAccess, args: StackArgs): Promise<Stack> => {
  const program = stackProgram(args, { dockerHost: await dockerEndpoint() });
  return LocalWorkspace.createOrSelectStack(
    { stackName: args.stack, projectName: "sse-scaling-lab", program },
    { pulumiCommand: access.command, envVars: access.env },
  );
};

export const labStack = async (topology: Topology, given: Partial<StackArgs> = {}): Promise<LabStack> => {
  const folder = mkdtempSync(join(tmpdir(), "sse-lab-stack-"));
  const ledgerDir = join(folder, "ledger");
  makeLedgerFolder(ledgerDir);
  const access = await pulumiIn(folder);
  let args: StackArgs = { ...(await newArgs(topology, ledgerDir)), ...given };
  const { stack } = args;
  const open = (): Promise<Stack> => automationStack(access, args);
  const destroy = async (): Promise<void> => {
    const opened = await open();
    await opened.destroy();
  };
  return {
    args,
    up: async (change = {}, options = {}) => {
      args = { ...args, ...change };
      const changes: Change[] = [];
      const opened = await open();
      await opened.up({ ...options, onEvent: (event) => void changes.push(...changeOf(event)) });
      return changes;
    },
    outputs: async () => {
      const opened = await open();
      const outputs = Object.entries(await opened.outputs()).map(([name, { value }]) => [
        name,
        value as unknown,
      ]);
      return Object.fromEntries(outputs) as StackOutputs;
    },
    preview: async (change = {}) => {
      args = { ...args, ...change };
      const opened = await open();
      const { changeSummary } = await opened.preview();
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
      // As well when a test failed in the middle; a second destroy does nothing.
      await destroy().finally(() => rmSync(folder, { recursive: true, force: true }));
    },
  };
};
