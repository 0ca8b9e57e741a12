/** Gets the Pulumi CLI and its Docker plugin, by the first way that this host offers. */
import { access, constants, realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import which from "which";
import { cliRoot } from "./cli-root.ts";
import { buildGoBinary, goFor } from "../offline/go-build.ts";
import {
  locateCli,
  locatePlugin,
  type CliSource,
  type LocatedArtifact,
  type ArtifactSource,
} from "./locate-pulumi.ts";
import { installOfficialCli, installOfficialPlugin } from "./official-install.ts";
import {
  DOCKER_PLUGIN,
  LANGUAGE_HOST,
  OFFICIAL_HOST,
  PULUMI_CLI,
  toolchainFolder,
  type PulumiArtifact,
} from "./pins.ts";
import { homeWith } from "./plugin-home.ts";
import type { MakeOptions } from "../../common/files/download-cache.ts";
import { reasonOf, UserError } from "../../common/user-error.ts";

export interface PulumiTools {
  /** Path of the CLI. */
  pulumi: string;
  /**
   * Folder that holds it as `bin/pulumi`: what `PulumiCommand.get({ root })` of the Automation API
   * wants.
   */
  root: string;
  version: string;
  source: CliSource;
  plugin: {
    /** Folder of the plugin's binary. It need not be put on PATH: `env` makes Pulumi find it. */
    path: string;
    version: string;
    source: ArtifactSource;
  };
  /**
   * Folder of the Node.js language host, which `pulumi up` on the command line needs; undefined
   * when there is none.
   */
  languageHost: string | undefined;
  /** What was found on PATH and will not do, with the reason. */
  passedOver: readonly string[];
  /**
   * To be laid over the environment of whatever runs Pulumi: PATH as a whole, and Pulumi's own
   * settings.
   */
  env: Record<string, string>;
}

export interface ResolvePulumiOptions {
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

type Options = MakeOptions & { env: NodeJS.ProcessEnv };

/**
 * Official downloads that failed, by cache folder and artifact: not tried again by this process.
 */
const failedDownloads = new Map<string, string>();

const waysToGet = (artifact: PulumiArtifact, needed: string): string =>
  `put ${artifact.command} (${artifact.accepted}) on PATH, or set ${artifact.setting} to ` +
  "its path, or let this host reach " +
  `${OFFICIAL_HOST}, or put Go ${needed} or newer on PATH so that it is built from infra/offline`;

/** Downloads the artifact or, when that fails, builds it. */
const obtain = async (
  artifact: PulumiArtifact,
  { passedOver }: LocatedArtifact<ArtifactSource>,
  download: () => Promise<string>,
  options: Options,
): Promise<{ path: string; version: string; source: "official" | "built" }> => {
  const { version } = artifact.built;
  const failure = `${toolchainFolder(options.env)} ${artifact.command}`;
  if (!failedDownloads.has(failure)) {
    try {
      return { path: await download(), version, source: "official" };
    } catch (error) {
      options.signal?.throwIfAborted();
      failedDownloads.set(failure, reasonOf(error));
    }
  }
  const problem =
    `Pulumi's own download of ${artifact.title} failed ` +
    `(${failedDownloads.get(failure) ?? ""})`;
  const go = await goFor(artifact.built, options.env);
  if (go.problem !== undefined) {
    throw new UserError(
      `${passedOver ?? `${artifact.title} is not on PATH`}; ${problem}; and it cannot be ` +
        `built: ${go.problem}`,
      waysToGet(artifact, go.needed),
    );
  }
  options.onStep?.(problem);
  return { path: await buildGoBinary(artifact.built, options), version, source: "built" };
};

const passedOverBy = (artifacts: readonly LocatedArtifact<ArtifactSource>[]): string[] =>
  artifacts.flatMap(({ passedOver }) => (passedOver === undefined ? [] : [passedOver]));

/** Pulumi looks for the language host on PATH and beside the binary that a link leads to. */
const findLanguageHost = async (pulumi: string, path: string): Promise<string | undefined> => {
  for (const folder of [dirname(pulumi), dirname(await realpath(pulumi))]) {
    const there = await access(join(folder, LANGUAGE_HOST), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return folder;
  }
  const found = path ? await which(LANGUAGE_HOST, { nothrow: true, path }) : null;
  return found === null ? undefined : dirname(found);
};

/**
 * The CLI and the plugin: by setting, from PATH, from a cache, by Pulumi's own download, or built.
 *
 * @throws UserError with one line: what is missing or wrong, and every way out of it
 */
export const resolvePulumi = async ({
  onStep,
  signal,
  env = process.env,
}: ResolvePulumiOptions = {}): Promise<PulumiTools> => {
  const options: Options = { onStep, signal, env };
  // Both settings are checked before either artifact is made, which may take minutes.
  const located = await Promise.all([locateCli(env), locatePlugin(env)]);
  const passedOver = passedOverBy(located);
  for (const reason of passedOver) onStep?.(`passed over: ${reason}`);
  const cli =
    located[0].found ??
    (await obtain(PULUMI_CLI, located[0], () => installOfficialCli(options), options));
  const plugin =
    located[1].found ??
    (await obtain(
      DOCKER_PLUGIN,
      located[1],
      () => installOfficialPlugin(cli.path, options),
      options,
    ));
  const root = await cliRoot(cli.path, env);
  const bin = join(root, "bin");
  const pluginOnPath = env["PATH"]
    ? await which(DOCKER_PLUGIN.command, { nothrow: true, path: env["PATH"] })
    : null;
  const ownHome = plugin.source === "setting" || plugin.source === "built";
  return {
    pulumi: cli.path,
    root,
    version: cli.version,
    source: cli.source,
    plugin: { path: dirname(plugin.path), version: plugin.version, source: plugin.source },
    languageHost: await findLanguageHost(cli.path, env["PATH"] ?? ""),
    passedOver,
    env: {
      PATH: [bin, ...(env["PATH"] ? [env["PATH"]] : [])].join(delimiter),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      ...(ownHome ? await homeWith(plugin.path, env) : {}),
      // Pulumi would prefer the plugin on PATH. Only where there is one: a language host on PATH is
      // ignored as well.
      ...(pluginOnPath && plugin.source !== "path"
        ? { PULUMI_IGNORE_AMBIENT_PLUGINS: "true" }
        : {}),
    },
  };
};
