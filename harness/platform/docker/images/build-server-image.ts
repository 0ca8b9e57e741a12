/** Builds the server image from server/Dockerfile with the docker command, by BuildKit or by the legacy builder. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type Dockerode from "dockerode";
import { execa } from "execa";
import { DockerError } from "../docker-error.ts";
import { PROJECT_ROOT } from "../own-labels.ts";
import type { AssembleOptions } from "./assemble-image.ts";
import { withEngineError } from "./engine-error.ts";
import { findImage } from "./find-image.ts";
import { IMAGE_LABELS, type PreparedImage } from "./prepared-image.ts";
import { proveImage } from "./prove-image.ts";
import { removeBuildLeftovers } from "./remove-server-images.ts";
import { serverProof } from "./server-proof.ts";

export interface BuildServerOptions extends AssembleOptions {
  docker: Dockerode;
  env: NodeJS.ProcessEnv;
  /** `reference`: a name or digest; BuildKit takes no id. `id`: what it stands for now. */
  base: { reference: string; id: string };
  /** Of Node.js in the base. */
  version: string;
  /** The base, for people. */
  what: string;
}

/** What .dockerignore lets through, and what decides how it is built. */
const INPUTS = [
  ".dockerignore",
  ".npmrc",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "server/Dockerfile",
  "server/build.ts",
  "server/bundle.ts",
  "server/ready.bash",
];
const LAST_LINES = 8;
/** Of the legacy builder or of BuildKit. */
const STEP_LINE = /^(?:Step \d+\/\d+ : .*|#\d+ \[.*)$/gm;
const PROGRESS_MS = 2000;

const sources = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .map((entry) => relative(PROJECT_ROOT, join(entry.parentPath, entry.name)));

/** Hash of everything that the image is made from. */
const inputsOf = async (baseId: string): Promise<string> => {
  const hash = createHash("sha256").update(`${baseId}\n`);
  const files = [...INPUTS, ...(await sources(join(PROJECT_ROOT, "server", "src")))].sort();
  for (const file of files) {
    const content = await readFile(join(PROJECT_ROOT, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
};

/** Settings of npm that a build has to know on hosts that reach its registry by a mirror. */
const npmArguments = (env: NodeJS.ProcessEnv): string[] => {
  const registry = env["NPM_CONFIG_REGISTRY"] || env["npm_config_registry"];
  return registry ? ["--build-arg", `NPM_CONFIG_REGISTRY=${registry}`] : [];
};

const runBuild = async (args: readonly string[], options: BuildServerOptions): Promise<void> => {
  const { env, onStep, signal } = options;
  const child = execa("docker", ["build", ...args, PROJECT_ROOT], {
    env,
    extendEnv: false,
    reject: false,
    all: true,
    stdin: "ignore",
    ...(signal ? { cancelSignal: signal } : {}),
  });
  let latest = "";
  child.all.setEncoding("utf8").on("data", (text: string) => {
    latest = text.match(STEP_LINE)?.at(-1) ?? latest;
  });
  const progress = setInterval(() => onStep?.(`building the server image: ${latest}`), PROGRESS_MS);
  const result = await child.finally(() => clearInterval(progress));
  signal?.throwIfAborted();
  if (!result.failed) return;
  if (result.code === "ENOENT") {
    throw new DockerError(
      "the docker command is not on PATH: the server image is built by it",
      "install the Docker CLI, or set SSE_LAB_IMAGES=assembled",
    );
  }
  const lines = stripVTControlCharacters(result.all).trim().split("\n").slice(-LAST_LINES);
  throw new Error(`docker build ended with exit code ${result.exitCode ?? "none"}: ${lines.join("\n")}`);
};

/**
 * The server image on this base; built when anything that it is made from has changed.
 *
 * @throws DockerError with the builder's last lines
 */
export const buildServerImage = async (options: BuildServerOptions): Promise<PreparedImage> => {
  const { docker, env, base, version, what, onStep, signal } = options;
  const inputs = await inputsOf(base.id);
  const [repo, tag] = ["sse-lab/server", `${version}-${inputs.slice(0, 12)}`];
  const name = `${repo}:${tag}`;
  const how = `${name}, built from server/Dockerfile on ${what}`;
  const there = await findImage(docker, name);
  if (there?.labels[IMAGE_LABELS.inputs] === inputs)
    return { id: there.id, version, source: "official", how };
  return await withEngineError("building the server image", signal, async () => {
    onStep?.(`building the server image on ${what}`);
    // Named only once it has been proven, so that a failure leaves no image that looks finished.
    const candidate = `sse-lab/server-candidate:${inputs.slice(0, 12)}-${process.pid}`;
    const labels = { inputs, part: "server", source: "built", version } as const;
    const args = [
      // Of a step that fails, the legacy builder would leave the container.
      "--force-rm",
      ...["--file", join(PROJECT_ROOT, "server", "Dockerfile"), "--tag", candidate],
      ...["--build-arg", `NODE_IMAGE=${base.reference}`, ...npmArguments(env)],
      ...Object.entries(labels).flatMap(([key, value]) => [
        "--label",
        `${IMAGE_LABELS[key as keyof typeof labels]}=${value}`,
      ]),
    ];
    await runBuild(args, options).catch(async (error: unknown) => {
      await removeBuildLeftovers(docker).catch(() => undefined);
      throw error;
    });
    const built = docker.getImage(candidate);
    try {
      const { Id: id } = await built.inspect();
      await proveImage(docker, { id, name }, serverProof, signal);
      await built.tag({ repo, tag });
      return { id, version, source: "official", how };
    } finally {
      await built.remove().catch(() => undefined);
    }
  });
};
