/**
 * What following streams costs, as ratios: CPU per event against a client that only counts bytes, at the same fixed rate,
 * and memory per idle stream. `npx tsx harness/load/bench-streams.ts [--json]`; about 20 s. Absolute times are those of
 * this host at this moment.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Table from "cli-table3";
import type { ClientFigures, ClientMode } from "./bench/measure-client.ts";

const LOADER = createRequire(import.meta.url).resolve("tsx");
const SOURCE = fileURLToPath(new URL("./bench/event-source.ts", import.meta.url));
const CLIENT = fileURLToPath(new URL("./bench/measure-client.ts", import.meta.url));
const BUSY = { streams: 1_000, eventsPerSecond: 10_000, measureMs: 2_000 };
const IDLE = { streams: 5_000, eventsPerSecond: 0, measureMs: 0 };
/** performance.md: within 1.15 of the byte counter; under 8 KB per stream. */
const GOALS = { cpuRatio: 1.15, rssBytesPerStream: 8 * 1024 };

const measure = async (mode: ClientMode, load: typeof BUSY): Promise<ClientFigures> => {
  const node = ["--expose-gc", "--import", LOADER];
  const source = spawn(process.execPath, [...node, SOURCE, String(load.eventsPerSecond)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [port] = (await once(createInterface({ input: source.stdout }), "line")) as [string];
    const parameters = [mode, port, load.streams, load.measureMs].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, [...node, CLIENT, ...parameters]);
    return JSON.parse(stdout) as ClientFigures;
  } finally {
    source.kill("SIGKILL");
  }
};

const bytes = await measure("bytes", BUSY);
const transport = await measure("transport", BUSY);
const engine = await measure("engine", BUSY);
const idle = { transport: await measure("transport", IDLE), engine: await measure("engine", IDLE) };
const result = {
  busy: { ...BUSY, bytes, transport, engine },
  idle: {
    streams: IDLE.streams,
    transport: idle.transport.rssBytesPerStream,
    engine: idle.engine.rssBytesPerStream,
  },
  cpuRatio: {
    transport: transport.cpuUsPerEvent / bytes.cpuUsPerEvent,
    engine: engine.cpuUsPerEvent / bytes.cpuUsPerEvent,
  },
  goals: GOALS,
};

if (process.argv.includes("--json")) console.log(JSON.stringify(result, null, 2));
else {
  const table = new Table({
    head: ["client", "us/event", "ratio", "events/s", "core", "KB per idle stream"],
  });
  const kilobytes = (rss: number): string => (rss / 1024).toFixed(1);
  const row = (name: string, figures: ClientFigures, ratio: number, rss: string): string[] => [
    name,
    figures.cpuUsPerEvent.toFixed(1),
    ratio.toFixed(2),
    ((figures.events * 1000) / BUSY.measureMs).toFixed(0),
    `${(figures.utilisation * 100).toFixed(0)} %`,
    rss,
  ];
  table.push(
    row("counts bytes only", bytes, 1, "-"),
    row("transport and scan", transport, result.cpuRatio.transport, kilobytes(result.idle.transport)),
    row("whole engine, history written", engine, result.cpuRatio.engine, kilobytes(result.idle.engine)),
    ["goal (transport)", "", `<= ${GOALS.cpuRatio}`, "", "", `< ${kilobytes(GOALS.rssBytesPerStream)}`],
  );
  console.log(table.toString());
  console.log(`${BUSY.streams} streams at ${BUSY.eventsPerSecond} events/s; ${IDLE.streams} idle streams`);
}
