/** Builds a server image with the docker command, by BuildKit or the legacy builder. */
import { stripVTControlCharacters } from "node:util";
import type Dockerode from "dockerode";
import { execa } from "execa";
import type { OwnImageComponent } from "../pinned-images.ts";
import { UserError } from "../../../common/user-error.ts";
import type { AssembleOptions } from "../../offline/assembled-images/assemble-image.ts";
import { withEngineError } from "../engine-error.ts";
import { findImage } from "../find-image.ts";
import { IMAGE_LABELS, type PreparedImage } from "../prepared-image.ts";
import { smokeTestImage, SERVICE_SMOKE_TESTS } from "./smoke-test-image.ts";
import { removeBuildLeftovers } from "../remove-own-images.ts";

/** Node.js, the base of the server images. */
export interface BuildBase {
  /** A name or digest; BuildKit takes no id. */
  reference: string;
  /** What it stands for now. */
  id: string;
  /** Of Node.js in it. */
  version: string;
  what: string;
}

export interface BuildOptions extends AssembleOptions {
  docker: Dockerode;
  env: NodeJS.ProcessEnv;
  base: BuildBase;
}

export interface BuiltImage {
  part: OwnImageComponent;
  from: string;
  /** Both absolute. */
  dockerfile: string;
  context: string;
  /** Hash of everything it is made from, 64 hexadecimal digits. */
  inputs: string;
  /** Of the software in it. */
  version: string;
}

const LAST_LINES = 8;
/** Of the legacy builder or of BuildKit. */
const STEP_LINE = /^(?:Step \d+\/\d+ : .*|#\d+ \[.*)$/gm;
const PROGRESS_MS = 2000;

/** npm's settings for hosts that reach its registry through a mirror. */
const npmArguments = (env: NodeJS.ProcessEnv): string[] => {
  const registry = env["NPM_CONFIG_REGISTRY"] || env["npm_config_registry"];
  return registry ? ["--build-arg", `NPM_CONFIG_REGISTRY=${registry}`] : [];
};

/** @throws UserError without the docker command; Error with the builder's last lines */
export const runBuild = async (
  what: string,
  args: readonly string[],
  options: AssembleOptions & { env: NodeJS.ProcessEnv },
): Promise<void> => {
  const { env, onStep, signal } = options;
  const child = execa("docker", ["build", ...args], {
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
  const progress = setInterval(() => onStep?.(`building ${what}: ${latest}`), PROGRESS_MS);
  const result = await child.finally(() => clearInterval(progress));
  signal?.throwIfAborted();
  if (!result.failed) return;
  if (result.code === "ENOENT") {
    throw new UserError(
      `the docker command is not on PATH: ${what} is built by it`,
      "install the Docker CLI, or set SSE_LAB_IMAGES=assembled",
    );
  }
  const lines = stripVTControlCharacters(result.all).trim().split("\n").slice(-LAST_LINES);
  throw new Error(
    `docker build ended with exit code ${result.exitCode ?? "none"}: ${lines.join("\n")}`,
  );
};

/**
 * Returns the image on this base, and builds it if any of its inputs has changed.
 *
 * @throws UserError with the builder's last lines
 */
export const buildImage = async (
  image: BuiltImage,
  options: BuildOptions,
): Promise<PreparedImage> => {
  const { docker, env, base, onStep, signal } = options;
  const { part, from, dockerfile, context, inputs, version } = image;
  const what = `the ${part} image`;
  const [repo, tag] = [`sse-lab/${part}`, `${version}-${inputs.slice(0, 12)}`];
  const name = `${repo}:${tag}`;
  const how = `${name}, built from ${from} on ${base.what}`;
  const there = await findImage(docker, name);
  if (there?.labels[IMAGE_LABELS.inputs] === inputs)
    return { id: there.id, version, source: "official", how };
  return await withEngineError(`building ${what}`, signal, async () => {
    onStep?.(`building ${what} on ${base.what}`);
    // Named only after the smoke test, so that a failure leaves no image that looks finished.
    const candidate = `sse-lab/${part}-candidate:${inputs.slice(0, 12)}-${process.pid}`;
    const labels = { inputs, part, source: "built", version } as const;
    const args = [
      // The legacy builder would leave the container of a failed step.
      "--force-rm",
      ...["--file", dockerfile, "--tag", candidate],
      ...["--build-arg", `NODE_IMAGE=${base.reference}`, ...npmArguments(env)],
      ...Object.entries(labels).flatMap(([key, value]) => [
        "--label",
        `${IMAGE_LABELS[key as keyof typeof labels]}=${value}`,
      ]),
      context,
    ];
    await runBuild(what, args, options).catch(async (error: unknown) => {
      await removeBuildLeftovers(docker).catch(() => undefined);
      throw error;
    });
    const built = docker.getImage(candidate);
    try {
      const { Id: id } = await built.inspect();
      await smokeTestImage(docker, { id, name }, SERVICE_SMOKE_TESTS[part], signal);
      await built.tag({ repo, tag });
      return { id, version, source: "official", how };
    } finally {
      await built.remove().catch(() => undefined);
    }
  });
};
