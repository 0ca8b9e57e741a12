/**
 * Pulumi's own downloads: the CLI by its installer into the lab's cache, the plugin by the CLI into
 * Pulumi's cache.
 */
import { dirname, join } from "node:path";
import { bundledProgram } from "../../common/bundle/bundled-program.ts";
import { withTemporaryFolder } from "../../common/files/temporary-folder.ts";
import { runReaped, type ReapedResult } from "../../common/reaper/run-reaped.ts";
import { installedPlugin, pulumiHome } from "./plugin-home.ts";
import { DOCKER_PLUGIN, PLUGIN_FOLDER, PULUMI_CLI, toolchainFolder } from "./pins.ts";
import {
  madeOnce,
  type CachedArtifact,
  type MakeOptions,
} from "../../common/files/download-cache.ts";

type Options = MakeOptions & { env: NodeJS.ProcessEnv };

/** A download that stands still for this long is given up. */
const STALL_MS = 20_000;
const SAID_LINES = 2;

export const officialCli = (env: NodeJS.ProcessEnv): CachedArtifact => {
  const { version, title } = PULUMI_CLI.built;
  const folder = `cli-official-${version}-${process.platform}-${process.arch}`;
  return { title, folder: join(toolchainFolder(env), folder), binary: "bin/pulumi" };
};

const check = ({ failed, stalled, output }: ReapedResult): void => {
  if (stalled) throw new Error(`the download stood still for ${STALL_MS / 1000} s`);
  if (!failed) return;
  const lines = output.split("\n").map((line) => line.trim());
  // The first ones say why; those that follow say how often it was tried.
  const said = lines.filter((line) => line !== "").slice(0, SAID_LINES);
  throw new Error(said.join(" | ") || "the installer failed and said nothing");
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/**
 * Installs the CLI into the lab's cache, unless it is there.
 * @throws Error with one line when that fails
 */
export const installOfficialCli = async (options: Options): Promise<string> => {
  const artifact = officialCli(options.env);
  return madeOnce(
    artifact,
    async (staged, temporary) => {
      const what = `installing ${artifact.title} by Pulumi's own installer (once)`;
      options.onStep?.(`${what}; kept in ${artifact.folder}`);
      const child = await bundledProgram("install-official-cli");
      const result = await runReaped({
        command: process.execPath,
        args: [child, staged, PULUMI_CLI.built.version],
        cwd: temporary,
        // PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK would let a wrong version pass.
        env: { ...options.env, TMPDIR: temporary, PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "" },
        signal: options.signal,
        grows: [dirname(staged)],
        stallMs: STALL_MS,
        onProgress: ({ bytes, seconds }) =>
          options.onStep?.(`${what}: ${megabytes(bytes)} MB, ${seconds} s`),
      });
      check(result);
    },
    options,
  );
};

/**
 * Has the CLI download the plugin into Pulumi's own plugin cache, where it is for all of the user's
 * projects.
 *
 * @throws Error with one line when that fails
 */
export const installOfficialPlugin = async (pulumi: string, options: Options): Promise<string> => {
  const { env } = options;
  const title = DOCKER_PLUGIN.built.title;
  const what = `installing ${title} by pulumi plugin install (once)`;
  options.onStep?.(what);
  await withTemporaryFolder(toolchainFolder(env), async (temporary) => {
    const result = await runReaped({
      command: pulumi,
      args: [
        "plugin",
        "install",
        "resource",
        "docker",
        DOCKER_PLUGIN.built.version,
        "--non-interactive",
      ],
      cwd: temporary,
      env: { ...env, TMPDIR: temporary, PULUMI_SKIP_UPDATE_CHECK: "true" },
      signal: options.signal,
      grows: [temporary, join(pulumiHome(env), "plugins", PLUGIN_FOLDER)],
      stallMs: STALL_MS,
      onProgress: ({ bytes, seconds }) =>
        options.onStep?.(`${what}: ${megabytes(bytes)} MB, ${seconds} s`),
    });
    check(result);
  });
  const path = await installedPlugin(env);
  if (path === undefined)
    throw new Error(`pulumi plugin install left no ${PLUGIN_FOLDER} in ${pulumiHome(env)}`);
  return path;
};
