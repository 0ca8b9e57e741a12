/**
 * The content of the assembled images. Like the official ones, they start with arguments that begin
 * with a dash.
 */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import which from "which";
import {
  IMAGE_PORTS,
  IMAGE_USERS,
  type ImageComponent,
  type OwnImageComponent,
} from "../../images/pinned-images.ts";
import { UserError } from "../../../common/user-error.ts";
import type { AssembledLayout } from "./assemble-image.ts";
import { withFolders, type ImageConfig } from "./image-archive.ts";
import { programFiles, systemFiles, type Program } from "./runtime-files.ts";
import { STANDIN_FILES } from "../../images/build/build-standin-image.ts";
import { SERVICE_SMOKE_TESTS } from "../../images/build/smoke-test-image.ts";
import type { TarEntry } from "./tar-archive.ts";
import { PROJECT_ROOT } from "../../../common/paths.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const SECOND_NS = 1e9;

const ports = (part: ImageComponent): ImageConfig["ExposedPorts"] =>
  Object.fromEntries(Object.values<number>(IMAGE_PORTS[part]).map((port) => [`${port}/tcp`, {}]));

const user = (part: ImageComponent): string => `${IMAGE_USERS[part].uid}:${IMAGE_USERS[part].gid}`;

export type ProgramComponent = "traefik" | "haproxy" | "valkey";

/** A router or broker: one program. */
export interface ProgramOnHost extends Pick<Program, "file" | "env"> {
  version: string;
}

/** How a program's image starts it. Paths are absolute in the image. */
interface ProgramLayout {
  entrypoint: readonly [path: string, ...args: string[]];
  versionCommand: string;
  workingDir?: string;
  stopSignal?: string;
}

const PROGRAMS: Readonly<Record<ProgramComponent, ProgramLayout>> = {
  traefik: { entrypoint: ["/usr/local/bin/traefik"], versionCommand: "version" },
  valkey: {
    entrypoint: ["/usr/local/bin/valkey-server"],
    versionCommand: "--version",
    workingDir: "/data",
  },
  haproxy: {
    // As the official image starts it: master and worker, in the foreground.
    entrypoint: ["/usr/local/sbin/haproxy", "-W", "-db"],
    versionCommand: "-v",
    stopSignal: "SIGUSR1",
  },
};

export const programLayout = async (
  part: ProgramComponent,
  program: ProgramOnHost,
): Promise<AssembledLayout> => {
  const { entrypoint, versionCommand, workingDir, stopSignal } = PROGRAMS[part];
  const files = await programFiles([{ ...program, target: entrypoint[0].slice(1) }]);
  const folders: TarEntry[] =
    workingDir === undefined
      ? []
      : [{ path: workingDir.slice(1), mode: 0o755, ...IMAGE_USERS[part] }];
  return {
    part,
    version: program.version,
    layers: [withFolders([...files, ...systemFiles(part, IMAGE_USERS[part]), ...folders])],
    config: {
      User: user(part),
      WorkingDir: workingDir ?? "/",
      Env: [PATH],
      Entrypoint: entrypoint,
      ExposedPorts: ports(part),
      ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    },
    smokeTest: { command: [versionCommand], prints: program.version },
  };
};

/** Node.js and bash of this host: the server image's base. A separate image, so that it is kept. */
export const nodeLayout = async (env: NodeJS.ProcessEnv): Promise<AssembledLayout> => {
  const bash = env["PATH"] ? await which("bash", { nothrow: true, path: env["PATH"] }) : null;
  if (bash === null) {
    throw new UserError(
      "bash is not on PATH: the server's health check is run by it",
      "install bash",
    );
  }
  const version = process.versions.node;
  const files = await programFiles([
    { file: process.execPath, target: "usr/local/bin/node" },
    { file: bash, target: "bin/bash" },
  ]);
  return {
    part: "node",
    version,
    layers: [withFolders([...files, ...systemFiles("node", IMAGE_USERS.server)])],
    config: {
      User: user("server"),
      WorkingDir: "/app",
      Env: [PATH, `NODE_VERSION=${version}`],
      Entrypoint: ["node"],
      ExposedPorts: {},
    },
    smokeTest: { command: ["--version"], prints: `v${version}` },
  };
};

interface Service {
  part: OwnImageComponent;
  version: string;
  /** What `buildServer` or `buildStandIn` wrote. */
  bundle: Buffer;
  /** Health check on this host. */
  check: string;
}

/** A server on that base: its bundle and its health check, with the settings of its Dockerfile. */
const serviceLayout = async (
  node: AssembledLayout,
  { part, version, bundle, check }: Service,
): Promise<AssembledLayout> => ({
  part,
  version,
  layers: [
    ...node.layers,
    withFolders([
      { path: `app/${part}.mjs`, mode: 0o644, content: bundle },
      { path: `app/${basename(check)}`, mode: 0o755, content: await readFile(check) },
    ]),
  ],
  config: {
    ...node.config,
    Env: [
      ...node.config.Env,
      "NODE_ENV=production",
      "HOST=0.0.0.0",
      `PORT=${IMAGE_PORTS[part].http}`,
    ],
    Entrypoint: ["node", `/app/${part}.mjs`],
    ExposedPorts: ports(part),
    StopSignal: "SIGTERM",
    Healthcheck: {
      Test: ["CMD", "bash", `/app/${basename(check)}`],
      Interval: SECOND_NS,
      Timeout: 3 * SECOND_NS,
      StartPeriod: 30 * SECOND_NS,
      Retries: 2,
    },
  },
  smokeTest: SERVICE_SMOKE_TESTS[part],
});

/** As in server/Dockerfile. */
export const serverLayout = (node: AssembledLayout, bundle: Buffer): Promise<AssembledLayout> =>
  serviceLayout(node, {
    part: "server",
    version: node.version,
    bundle,
    check: join(PROJECT_ROOT, "server", "ready.bash"),
  });

/** @param version of the lab */
export const standinLayout = (
  node: AssembledLayout,
  bundle: Buffer,
  version: string,
): Promise<AssembledLayout> =>
  serviceLayout(node, {
    part: "realtime-standin",
    version,
    bundle,
    check: join(STANDIN_FILES, "healthy.bash"),
  });
