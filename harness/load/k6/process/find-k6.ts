/** Finds the user's k6: `K6_BIN`, else `k6` on PATH. The lab neither downloads nor builds k6. */
import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { execa } from "execa";
import semver from "semver";
import which from "which";
import { z } from "zod";
import { K6_BUILD, K6_RANGE, OLDEST_EXTENSION } from "../k6-requirements.ts";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import { k6Environment } from "./k6-command.ts";
import { UserError } from "../../../../common/user-error.ts";

const GET_IT =
  `install k6 2.x, which fetches xk6-sse by itself, or build one with \`${K6_BUILD}\` ` +
  "and name it by K6_BIN=./k6";
const VERSION_MS = 20_000;
const SSE_MODULE = "k6/x/sse";

/** What `k6 version --json` prints, as far as it is read here. */
const VERSION_ANSWER = z.object({
  version: z.string(),
  extensions: z.array(z.object({ version: z.string(), imports: z.array(z.string()) })).default([]),
  /** The name of a contract double. Only a double prints it. */
  contract_double: z.string().nullable().default(null),
});

export interface FoundK6 {
  path: string;
  /** The name of a contract double; null for k6, whatever its file is called. */
  standIn: string | null;
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
    throw new UserError(`${describe(found)}: the scripts need k6 1.6 to 2.x; ${GET_IT}`);
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
    ["version", "--json"],
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
    throw new UserError(
      `${path} version --json: no answer within ${VERSION_MS / 1000} s; is it k6?`,
    );
  if (!failed) return stdout;
  const why = exitCode === undefined ? (shortMessage ?? "") : `exit code ${exitCode}`;
  throw new UserError(
    `${path} version --json: failed (${[why, lastLine(stderr)].filter(Boolean).join(": ")}); ${GET_IT}`,
  );
}

function parseVersion(path: string, text: string): FoundK6 {
  const answer = VERSION_ANSWER.safeParse(parseJson(text)).data;
  const version = semver.parse(answer?.version)?.version;
  if (answer === undefined || version === undefined) {
    throw new UserError(
      `${path} is no k6: \`${path} version --json\` says ` +
        `${JSON.stringify(text.trim().slice(0, 80))}; ${GET_IT}`,
    );
  }
  const sse = answer.extensions.find(({ imports }) => imports.includes(SSE_MODULE));
  return {
    path,
    standIn: answer.contract_double,
    version,
    // `(devel)` when it was built from a folder.
    extension: sse === undefined ? null : (semver.parse(sse.version)?.version ?? sse.version),
  };
}

/** `/usr/bin/k6 is k6 v1.8.1`. */
const describe = ({ path, standIn, version }: FoundK6): string =>
  `${path} is ${standIn ?? "k6"} v${version}`;

function checkExtension(found: FoundK6, env: NodeJS.ProcessEnv): void {
  const { version, extension } = found;
  if (extension === null) {
    if (fetchesExtensions(version, env)) return;
    throw new UserError(
      `${describe(found)} without the extension ${SSE_MODULE}, so it knows no SSE; ${GET_IT}` +
        (semver.major(version) > 1
          ? "; K6_AUTO_EXTENSION_RESOLUTION=false keeps this one from fetching it"
          : ", or let k6 fetch it: K6_ENABLE_COMMUNITY_EXTENSIONS=true"),
    );
  }
  // A build from a folder has no version to compare, so it is accepted.
  if (semver.valid(extension) === null || semver.gte(extension, OLDEST_EXTENSION)) return;
  throw new UserError(
    `${describe(found)} with xk6-sse v${extension}: the scripts need v${OLDEST_EXTENSION} or ` +
      `newer; ${GET_IT}`,
  );
}

/** The texts that Go's `strconv.ParseBool` reads. */
const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/**
 * k6 fetches an extension when a script imports it. k6 1.x fetches those of the community only when
 * it is told to.
 */
const fetchesExtensions = (version: string, env: NodeJS.ProcessEnv): boolean =>
  !FALSE.has(env["K6_AUTO_EXTENSION_RESOLUTION"] ?? "") &&
  (semver.major(version) > 1 || TRUE.has(env["K6_ENABLE_COMMUNITY_EXTENSIONS"] ?? ""));

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
