import type { LogSettings } from "../protocol.ts";
import { EXIT, ExitError } from "./exit-codes.ts";

export interface RunFlags {
  script: string;
  quiet: boolean;
  noThresholds: boolean;
  noSummary: boolean;
  logFormat: LogSettings["format"];
  consoleOutput?: string;
  /** File of `--out json=FILE`. */
  jsonOutput?: string;
  env: Record<string, string>;
  executionSegment?: string;
  executionSegmentSequence?: string;
}

const SWITCHES = [
  "--quiet",
  "-q",
  "--no-color",
  "--no-usage-report",
  "--no-thresholds",
  "--no-summary",
];
const WITH_VALUE = [
  "--address",
  "-a",
  "--log-format",
  "--console-output",
  "--out",
  "-o",
  "--env",
  "-e",
  "--execution-segment",
  "--execution-segment-sequence",
];

/**
 * Parses the arguments after `run`. Only the flags that the lab uses are known.
 *
 * @throws {@link ExitError} 255 that names the flag
 */
export function parseFlags(args: readonly string[]): RunFlags {
  const switches = new Set<string>();
  const values: [string, string][] = [];
  const scripts: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    const [flag = "", inline] = arg.startsWith("--") ? splitOnce(arg, "=") : [arg];
    if (!arg.startsWith("-") || arg === "-") scripts.push(arg);
    else if (SWITCHES.includes(flag) && inline === undefined) switches.add(flag);
    else if (WITH_VALUE.includes(flag)) {
      const value = inline ?? args[++index];
      if (value === undefined) throw usage(`flag needs an argument: ${flag}`);
      values.push([flag, value]);
    } else throw usage(`unknown flag: ${arg} (k6-double knows only the flags that the lab uses)`);
  }
  const [script] = scripts;
  if (script === undefined || scripts.length > 1 || script === "-") {
    throw usage(`accepts 1 arg(s), received ${scripts.length}: the file of one script`);
  }
  const last = (...flags: string[]) => values.findLast(([flag]) => flags.includes(flag))?.[1];
  const consoleOutput = last("--console-output");
  const jsonOutput = last("--out", "-o");
  if (jsonOutput?.startsWith("json=") === false)
    throw usage(`k6-double knows only --out json=FILE, not "${jsonOutput}"`);
  const executionSegment = last("--execution-segment");
  const executionSegmentSequence = last("--execution-segment-sequence");
  return {
    script,
    quiet: switches.has("--quiet") || switches.has("-q"),
    noThresholds: switches.has("--no-thresholds"),
    noSummary: switches.has("--no-summary"),
    logFormat: parseLogFormat(last("--log-format") ?? "text"),
    ...(consoleOutput === undefined || consoleOutput === "" ? {} : { consoleOutput }),
    ...(jsonOutput === undefined ? {} : { jsonOutput: jsonOutput.slice("json=".length) }),
    env: Object.fromEntries(
      values.filter(([flag]) => flag === "-e" || flag === "--env").map(parseEnv),
    ),
    ...(executionSegment === undefined ? {} : { executionSegment }),
    ...(executionSegmentSequence === undefined ? {} : { executionSegmentSequence }),
  };
}

function parseLogFormat(value: string): LogSettings["format"] {
  if (value === "raw" || value === "json" || value === "text") return value;
  throw usage(`unsupported --log-format "${value}": raw, json or text`);
}

function parseEnv([, text]: [string, string]): [string, string] {
  const [name = "", value] = splitOnce(text, "=");
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw usage(`invalid environment variable name '${name}'`);
  return [name, value ?? ""];
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function usage(message: string): ExitError {
  return new ExitError(message, EXIT.usage);
}
