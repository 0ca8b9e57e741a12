import { openSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";
import { fromRoot } from "../../../common/paths.ts";

import { writeLog, writeWhole } from "../log-line.ts";
import { K6_VERSION } from "../k6-version.ts";
import type { LogSettings } from "../protocol.ts";
import { EXIT, ExitError } from "./exit-codes.ts";
import { parseFlags } from "./parse-flags.ts";
import { readScript } from "./read-script.ts";
import { TestRun } from "./test-run.ts";

/** The answer to `version --json` has the fields of k6, and the mark of a double. */
const VERSION = {
  version: `v${K6_VERSION}`,
  contract_double: "k6-double",
  extensions: [{ module: "github.com/phymbert/xk6-sse", version: "v0.2.0", imports: ["k6/x/sse"] }],
};
const VERSION_TEXT = `k6-double v${K6_VERSION} (a contract double of k6, not k6)
Extensions:
  github.com/phymbert/xk6-sse v0.2.0, k6/x/sse [js]
`;

/**
 * The command line of the double: `version`, or `run [flags] script.js`.
 *
 * @returns the exit code, with k6's meanings
 */
export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  const log: LogSettings = { format: "text" };
  try {
    if (command === "version" || command === "--version") {
      writeWhole(1, rest.includes("--json") ? `${JSON.stringify(VERSION)}\n` : VERSION_TEXT);
      return 0;
    }
    if (command !== "run") {
      throw new ExitError(
        `unknown command "${command ?? ""}" for "k6-double": version or run`,
        EXIT.usage,
      );
    }
    return await runScript(rest, log);
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    writeLog(log, "error", error.message, {});
    return error.exitCode;
  }
}

async function runScript(args: readonly string[], log: LogSettings): Promise<number> {
  const flags = parseFlags(args);
  log.format = flags.logFormat;
  const path = resolve(flags.script);
  const script = await readScript(path);
  if (flags.consoleOutput !== undefined) log.consoleFd = openSync(flags.consoleOutput, "a");
  if (!flags.quiet) writeWhole(1, "k6-double: a contract double of k6, not k6\n");
  const run = new TestRun(await bundleVu(), script, flags, log);
  let interrupted = false;
  const interrupt = (signal: NodeJS.Signals) => {
    // A second signal ends the process at once, as in k6.
    if (interrupted) process.exit(EXIT.externalAbort);
    interrupted = true;
    run.interrupt(signal === "SIGINT" ? "interrupt" : "terminated");
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return await run.run();
}

/** Bundles a VU's thread into one script, once per run: no thread has to compile TypeScript. */
async function bundleVu(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fromRoot("standins/k6/vu/vu-main.ts")],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    minifySyntax: true,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
