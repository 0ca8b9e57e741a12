/**
 * Measures what following streams costs, mostly as ratios: CPU per event against a client that only
 * counts bytes, memory per idle stream, latency, and the time until cut streams are back.
 *
 *   [BENCH_SCALE=1] npx tsx harness/load/bench/bench-streams.ts [--json]
 *
 * Takes about 25 s. Absolute times are those of this host at this moment.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import Table from "cli-table3";
import { bundleService } from "../../../common/bundle/bundle-service.ts";
import { benchSize } from "./bench-size.ts";
import type { ClientFigures, ClientMode } from "./measure-client.ts";

const { busy: BUSY, idle: IDLE, rounds: ROUNDS } = benchSize(process.env["BENCH_SCALE"]);
/**
 * performance.md: within 1.15 of the byte counter; under 8 KB per stream; cut streams back within 1
 * s.
 */
const GOALS = { cpuRatio: 1.15, rssBytesPerStream: 8 * 1024, backMs: 1_000 };

const folder = mkdtempSync(join(tmpdir(), "sse-lab-bench-streams-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
// The processes that it starts end with its end of their stdin.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
/** Built once: a process that compiles its sources first takes a second longer to start. */
const program = (name: string): string => join(folder, `${name}.mjs`);
const PROGRAMS = ["event-source", "measure-client"];

const withSource = async <T>(
  eventsPerSecond: number,
  use: (port: string) => Promise<T>,
): Promise<T> => {
  const source = spawn(process.execPath, [program("event-source"), String(eventsPerSecond)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const [port] = (await once(createInterface({ input: source.stdout }), "line")) as [string];
    return await use(port);
  } finally {
    source.kill("SIGKILL");
  }
};

const measure = async (
  mode: ClientMode,
  port: string,
  streams: number,
  measureMs: number,
): Promise<ClientFigures> => {
  const parameters = [mode, port, streams, measureMs, folder].map(String);
  const args = ["--expose-gc", program("measure-client"), ...parameters];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const figures = JSON.parse(stdout) as ClientFigures;
  // JSON has no Infinity: a client that receives nothing must not end as a figure that is null.
  if (measureMs > 0 && figures.events === 0)
    throw new Error(
      `the ${mode} client received no event from ${streams} streams in ${measureMs} ms`,
    );
  return figures;
};

/** The modes take turns, so that a busy moment of the host meets all of them. */
const measureBusy = async (): Promise<Record<ClientMode, ClientFigures>> => {
  const modes: ClientMode[] = ["bytes", "transport", "engine"];
  const rounds: ClientFigures[][] = modes.map(() => []);
  await withSource(BUSY.eventsPerSecond, async (port) => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, mode] of modes.entries())
        rounds[i]?.push(await measure(mode, port, BUSY.streams, BUSY.measureMs));
    }
  });
  const best = rounds.map((all) =>
    all.reduce((a, b) => (b.cpuUsPerEvent < a.cpuUsPerEvent ? b : a)),
  );
  const [bytes, transport, engine] = best as [ClientFigures, ClientFigures, ClientFigures];
  return { bytes, transport, engine };
};

const idleOf = (mode: "transport" | "engine"): Promise<ClientFigures> =>
  withSource(0, (port) => measure(mode, port, IDLE[mode], 0));

const measureAll = async (): Promise<{
  busy: Record<ClientMode, ClientFigures>;
  idleTransport: ClientFigures;
  idleEngine: ClientFigures;
}> => {
  await Promise.all(
    PROGRAMS.map((name) => bundleService(`harness/load/bench/${name}.ts`, program(name))),
  );
  const busy = await measureBusy();
  // Figures of memory may be taken side by side.
  const [idleTransport, idleEngine] = await Promise.all([idleOf("transport"), idleOf("engine")]);
  return { busy, idleTransport, idleEngine };
};

const { busy, idleTransport, idleEngine } = await measureAll();
const rssOf = (streams: number, figures: ClientFigures): object => ({
  streams,
  rssBytesPerStream: figures.rssBytesPerStream,
  settledRssBytesPerStream: figures.settledRssBytesPerStream,
});
const cpuRatio = {
  transport: busy.transport.cpuUsPerEvent / busy.bytes.cpuUsPerEvent,
  engine: busy.engine.cpuUsPerEvent / busy.bytes.cpuUsPerEvent,
};
const { latencyMs } = busy.engine;
const { backMs = NaN } = idleEngine;
const loadAverage = loadavg()[0] ?? NaN;

if (process.argv.includes("--json")) {
  const idle = {
    transport: rssOf(IDLE.transport, idleTransport),
    engine: rssOf(IDLE.engine, idleEngine),
  };
  const back = { streams: IDLE.engine, backMs };
  const result = {
    busy: { ...BUSY, ...busy },
    cpuRatio,
    latencyMs,
    idle,
    back,
    goals: GOALS,
    loadAverage,
  };
  console.log(JSON.stringify(result, null, 2));
} else {
  const table = new Table({
    head: ["client", "us/event", "ratio", "events/s", "core", "KB/idle stream", "settled"],
  });
  const kilobytes = (rss: number): string => (rss / 1024).toFixed(1);
  const row = (
    name: string,
    figures: ClientFigures,
    ratio: number,
    idle?: ClientFigures,
  ): string[] => [
    name,
    figures.cpuUsPerEvent.toFixed(1),
    ratio.toFixed(2),
    ((figures.events * 1000) / BUSY.measureMs).toFixed(0),
    `${(figures.utilisation * 100).toFixed(0)} %`,
    idle ? kilobytes(idle.rssBytesPerStream) : "-",
    idle ? kilobytes(idle.settledRssBytesPerStream) : "-",
  ];
  table.push(
    row("counts bytes only", busy.bytes, 1),
    row("transport and scan", busy.transport, cpuRatio.transport, idleTransport),
    row("whole engine, history written", busy.engine, cpuRatio.engine, idleEngine),
    [
      "goal (transport)",
      "",
      `<= ${GOALS.cpuRatio}`,
      "",
      "",
      "",
      `< ${kilobytes(GOALS.rssBytesPerStream)}`,
    ],
  );
  console.log(table.toString());
  console.log(
    `${BUSY.streams} streams at ${BUSY.eventsPerSecond} events/s, best of ${ROUNDS}; ` +
      `idle streams: ${IDLE.transport} transport, ${IDLE.engine} engine\n` +
      `source to history: p50 ${latencyMs?.p50.toFixed(2)} ms, p99 ` +
      `${latencyMs?.p99.toFixed(2)} ms\n` +
      `${IDLE.engine} cut streams back after ${backMs.toFixed(0)} ms (goal < ` +
      `${GOALS.backMs}), back-off included\n` +
      `load average ${loadAverage.toFixed(1)}`,
  );
}
