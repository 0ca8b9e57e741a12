/**
 * How fast the command line starts: wall time, CPU time and memory of each kind of start, as ratios
 * to `node -e 0` in the same run. Starts take turns, so that a busy host slows all kinds alike.
 *   npx tsx harness/cli/bench-start.ts [--starts N] [--json]
 */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { fromRoot } from "../../common/paths.ts";

const BIN = fromRoot("harness/cli/sse-lab.mjs");
const BASELINE = "node -e 0";
const STARTS: Readonly<Record<string, readonly string[]>> = {
  [BASELINE]: ["-e", "0"],
  "--help": [BIN, "--help"],
  "loadtest --help": [BIN, "loadtest", "--help"],
  "a refused flag": [BIN, "loadtest", "--sessions", "0"],
  "a refused --out": [BIN, "loadtest", "--platform", "local", "--out", "/proc/none"],
  "a refused folder": [BIN, "report", fromRoot("docs")],
};

interface Start {
  wallMs: number;
  cpuMs: number;
  rssMb: number;
}

/** Prints its own usage when it ends, so that no other program is needed to measure. */
const PROBE =
  "data:text/javascript," +
  encodeURIComponent(
    `process.on("exit", () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    process.send?.({ cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMb: maxRSS / 1024 }); });`,
  );

function start(args: readonly string[]): Promise<Start> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["--import", PROBE, ...args], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  return new Promise((resolve, reject) => {
    let usage: Omit<Start, "wallMs"> | undefined;
    child.on("message", (message) => (usage = message as Omit<Start, "wallMs">));
    child.on("error", reject);
    child.on("close", () => {
      if (usage) resolve({ wallMs: performance.now() - startedMs, ...usage });
      else reject(new Error(`no usage of: ${args.join(" ")}`));
    });
  });
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const { values } = parseArgs({
  options: { starts: { type: "string", default: "11" }, json: { type: "boolean", default: false } },
});
const measured = new Map<string, Start[]>(Object.keys(STARTS).map((name) => [name, []]));
// The first start may build the bundle.
await start([BIN, "--help"]);
for (let round = 0; round < Number(values.starts); round += 1) {
  for (const [name, args] of Object.entries(STARTS)) measured.get(name)?.push(await start(args));
}
const medians = [...measured].map(([name, starts]) => ({
  name,
  wallMs: median(starts.map(({ wallMs }) => wallMs)),
  cpuMs: median(starts.map(({ cpuMs }) => cpuMs)),
  rssMb: median(starts.map(({ rssMb }) => rssMb)),
}));
const [baseline] = medians;
const rows = medians.map((one) => ({
  ...one,
  wallRatio: one.wallMs / (baseline?.wallMs ?? 1),
  cpuRatio: one.cpuMs / (baseline?.cpuMs ?? 1),
}));
if (values.json) process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
else {
  process.stdout.write(
    `Starts of sse-lab, median of ${values.starts}, and ratios to ${BASELINE}\n`,
  );
  for (const { name, wallMs, cpuMs, rssMb, wallRatio, cpuRatio } of rows) {
    process.stdout.write(
      `  ${name.padEnd(18)}${wallMs.toFixed(0).padStart(6)} ms wall ` +
        `${wallRatio.toFixed(1).padStart(5)}x` +
        `${cpuMs.toFixed(0).padStart(7)} ms CPU ${cpuRatio.toFixed(1).padStart(5)}x` +
        `${rssMb.toFixed(0).padStart(6)} MB\n`,
    );
  }
}
