/** Finds the user's k6: `K6_BIN`, else `k6` on PATH. The lab neither downloads nor builds k6. */
import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { execa } from "execa";
import semver from "semver";
import which from "which";
import { K6_BUILD, K6_RANGE, OLDEST_EXTENSION } from "../k6-requirements.ts";
import { k6Environment } from "./k6-command.ts";
import { UserError } from "../../../../common/user-error.ts";

const GET_IT = `build one with \`${K6_BUILD}\` and name it by K6_BIN=./k6`;
const VERSION_MS = 20_000;

export interface FoundK6 {
  path: string;
  /**
   * What it calls itself: `k6`, or another name when it is something else that keeps k6's contract.
   */
  program: string;
  version: string;
  /**
   * Version of xk6-sse. Null when it is not built in: then k6 fetches it when a script asks for it,
   * or no script does.
   */
  extension: string | null;
}

export interface FindOptions {
  env: NodeJS.ProcessEnv;
  /** Whether any script opens an SSE stream, for which k6 needs an extension. */
  needsSse: boolean;
  signal?: AbortSignal;
}

/** @throws UserError */
export async function findK6({ env, needsSse, signal }: FindOptions): Promise<FoundK6> {
  const path = await locate(env);
  const found = parseVersion(path, await askVersion(path, env, signal));
  if (!semver.satisfies(found.version, K6_RANGE, { includePrerelease: true })) {
    throw new UserError(
      `${path} is ${found.program} v${found.version}: the scripts need k6 1.2 or newer and ` +
        `not yet 2; ${GET_IT}`,
    );
  }
  if (needsSse) checkExtension(found, env);
  return found;
}

async function locate(env: NodeJS.ProcessEnv): Promise<string> {
  const asked = env["K6_BIN"];
  if (asked === undefined || asked === "") {
    const path = await which("k6", { nothrow: true, path: env["PATH"] ?? "" });
    if (path !== null) return path;
    throw new UserError(`k6 is not on PATH, and K6_BIN names none; ${GET_IT}`);
  }
  // A bare name is looked for as a shell would.
  const path = asked.includes("/")
    ? asked
    : await which(asked, { nothrow: true, path: env["PATH"] ?? "" });
  if (path === null) throw new UserError(`K6_BIN=${asked}: there is no such program on PATH`);
  await access(path, constants.X_OK).catch((error: unknown) => {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError(
      missing
        ? `K6_BIN=${asked}: there is no such file`
        : `K6_BIN=${asked}: cannot be executed; chmod +x it, or name another`,
    );
  });
  // k6 runs in another folder than the one in which it was named.
  return resolve(path);
}

async function askVersion(
  path: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { stdout, exitCode, timedOut, failed, stderr, shortMessage } = await execa(
    path,
    ["version"],
    {
      reject: false,
      timeout: VERSION_MS,
      killSignal: "SIGKILL",
      stdin: "ignore",
      env: k6Environment(env),
      extendEnv: false,
      ...(signal ? { cancelSignal: signal } : {}),
    },
  );
  signal?.throwIfAborted();
  if (timedOut)
    throw new UserError(`${path} version: no answer within ${VERSION_MS / 1000} s; is it k6?`);
  if (!failed) return stdout;
  const why = exitCode === undefined ? (shortMessage ?? "") : `exit code ${exitCode}`;
  throw new UserError(
    `${path} version: failed (${[why, lastLine(stderr)].filter(Boolean).join(": ")}); ${GET_IT}`,
  );
}

function parseVersion(path: string, text: string): FoundK6 {
  const { program, version } =
    /^(?<program>\S+) v(?<version>\d+\.\d+\.\d+\S*)/.exec(text.trimStart())?.groups ?? {};
  if (program === undefined || semver.valid(version) === null) {
    throw new UserError(
      `${path} is no k6: \`${path} version\` says ` +
        `${JSON.stringify(text.trim().slice(0, 80))}; ${GET_IT}`,
    );
  }
  return { path, program, version: String(version), extension: extensionOf(text) };
}

/**
 * ` github.com/phymbert/xk6-sse v0.1.12, k6/x/sse [js]`; `(devel)` when it was built from a folder.
 */
function extensionOf(text: string): string | null {
  const line = text.split("\n").find((one) => /(^|[\s,])k6\/x\/sse\b/.test(one));
  if (line === undefined) return null;
  return /\bv(\d+\.\d+\.\d+[^\s,]*)/.exec(line)?.[1] ?? "(devel)";
}

function checkExtension(
  { path, program, version, extension }: FoundK6,
  env: NodeJS.ProcessEnv,
): void {
  const it = `${path} (${program} v${version})`;
  if (extension === null) {
    if (fetchesExtensions(env)) return;
    throw new UserError(
      `${it} has no extension k6/x/sse, without which it knows no SSE; ${GET_IT}, or let ` +
        "k6 fetch it: K6_ENABLE_COMMUNITY_EXTENSIONS=true",
    );
  }
  // A build from a folder has no version to compare, so it is accepted.
  if (semver.valid(extension) === null || semver.gte(extension, OLDEST_EXTENSION)) return;
  throw new UserError(
    `${it} has xk6-sse v${extension}: the scripts need v${OLDEST_EXTENSION} or newer; ${GET_IT}`,
  );
}

/**
 * k6 can provision an extension when a script imports it; those of the community only when it is
 * told to.
 */
const fetchesExtensions = (env: NodeJS.ProcessEnv): boolean =>
  env["K6_ENABLE_COMMUNITY_EXTENSIONS"] === "true" &&
  env["K6_AUTO_EXTENSION_RESOLUTION"] !== "false";

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

/** The name of a program that is not k6, for reports; null for k6 itself. */
export const standInOf = ({ program }: Pick<FoundK6, "program">): string | null =>
  program === "k6" ? null : program;
