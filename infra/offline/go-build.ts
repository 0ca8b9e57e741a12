/** Builds a pinned Go module of this folder into the cache. */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import semver from "semver";
import { runReaped } from "../../common/reaper/run-reaped.ts";
import { toolchainFolder, type GoBinary } from "../toolchain/pins.ts";
import {
  madeOnce,
  type CachedArtifact,
  type MakeOptions,
} from "../../common/files/download-cache.ts";
import { UserError } from "../../common/user-error.ts";

const KEY_CHARACTERS = 12;

/** Everything that the binary is made of: the module's files and the arguments of the build. */
const keyOf = async (built: GoBinary): Promise<string> => {
  const entries = await readdir(built.source, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.go$|^go\.(mod|sum)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash("sha256").update(JSON.stringify([built.version, built.args]));
  for (const file of files)
    hash.update(file.slice(built.source.length)).update(await readFile(file));
  return hash.digest("hex").slice(0, KEY_CHARACTERS);
};

export const builtArtifact = async (
  built: GoBinary,
  env: NodeJS.ProcessEnv,
): Promise<CachedArtifact> => {
  const folder = `${built.name}-${built.version}-${await keyOf(built)}-${process.platform}-${process.arch}`;
  return {
    title: built.title,
    folder: join(toolchainFolder(env), folder),
    binary: `bin/${built.file}`,
  };
};

const goEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  // For this host, with this Go and no C compiler, and by the versions in go.mod alone.
  return { ...env, GOOS: "", GOARCH: "", CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOWORK: "off" };
};

/** Oldest version of Go that builds the module: the `go` line of its go.mod. */
const goNeeded = async (built: GoBinary): Promise<string> => {
  const version = /^go (\S+)$/m.exec(await readFile(join(built.source, "go.mod"), "utf8"))?.[1];
  if (version === undefined) throw new Error(`${built.source}go.mod has no go line`);
  return version;
};

/** The version of Go on PATH, or why it cannot build the module. */
export const goFor = async (
  built: GoBinary,
  env: NodeJS.ProcessEnv,
): Promise<{ needed: string; version?: string; problem?: string }> => {
  const needed = await goNeeded(built);
  const options = {
    env: goEnvironment(env),
    extendEnv: false,
    reject: false,
    timeout: 20_000,
  } as const;
  const result = await execa("go", ["version"], options);
  if (result.code === "ENOENT") return { needed, problem: "go is not on PATH" };
  const version = /\bgo(\d+\.\d+(?:\.\d+)?)/.exec(result.failed ? "" : result.stdout)?.[1];
  const comparable = semver.coerce(version);
  if (version === undefined || !comparable)
    return { needed, problem: "go on PATH does not say its version" };
  if (semver.lt(comparable, needed)) {
    return {
      needed,
      problem: `go on PATH is ${version}, older than the ${needed} that go.mod asks for`,
    };
  }
  return { needed, version };
};

/**
 * Builds the binary into the cache, unless it is there.
 *
 * @throws UserError with the compiler's last lines
 */
export const buildGoBinary = async (
  built: GoBinary,
  options: MakeOptions & { env: NodeJS.ProcessEnv },
): Promise<string> => {
  const artifact = await builtArtifact(built, options.env);
  const make = async (staged: string, temporary: string): Promise<void> => {
    const what = `building ${built.title} from its Go modules (once, minutes)`;
    options.onStep?.(`${what}; kept in ${artifact.folder}`);
    const binary = join(staged, artifact.binary);
    await mkdir(dirname(binary), { recursive: true });
    const result = await runReaped({
      command: "go",
      // -v: one line for each package, the only sign of progress that go gives.
      args: [
        "build",
        "-v",
        "-mod=readonly",
        "-trimpath",
        "-buildvcs=false",
        "-o",
        binary,
        ...built.args,
      ],
      cwd: built.source,
      env: { ...goEnvironment(options.env), GOTMPDIR: temporary },
      signal: options.signal,
      onProgress: ({ seconds, lines }) =>
        options.onStep?.(`${what}: ${seconds} s, ${lines} modules and packages`),
    });
    if (!result.failed) return;
    const said = result.output.trim().split("\n").slice(-5).join(" | ");
    throw new UserError(
      `go build of ${built.title} failed: ${said || "it said nothing"}`,
      `look at Go's module settings (go env GOPROXY) and the free disk space (it takes 6 GB), ` +
        `or take another way (infra/toolchain/README.md)`,
    );
  };
  return madeOnce(artifact, make, options);
};
