/**
 * Measures what the server costs beside its peers: CPU of the whole process per event, as ratios to
 * `node:http`, and memory per idle stream.
 *
 *   [BENCH_SCALE=1] npx tsx server/bench/bench-server.ts [--json] [--only NAME] [--cpu-prof DIR]
 *
 * All servers send events of one size at one rate to one client, one after the other, in rounds.
 * Absolute times are those of this host at this moment.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { benchScale } from "../../common/bench-scale.ts";
import { bundleService } from "../../common/bundle/bundle-service.ts";
import { nowMs } from "../../common/clock.ts";
import { readMemory, readProcStat, TICKS_PER_SECOND } from "../../common/processes/proc-usage.ts";
import { openStreams, type OpenStreams } from "./drive-streams.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean" },
    only: { type: "string" },
    "cpu-prof": { type: "string" },
  },
});
const scale = benchScale();
const STREAMS = Math.max(10, Math.round(1_000 * scale));
const EVENTS_PER_SECOND = 10;
const PAYLOAD_BYTES = 50;
const MEASURE_MS = Math.max(500, 3_000 * scale);
const SETTLE_MS = Math.max(200, 1_000 * scale);
const ROUNDS = scale === 1 ? 3 : 1;
/** Of the CPU per event of `node:http` (docs/operations.md, sizing). */
const GOALS = { "the lab's server": 1.15, "the lab's server, ledger": 1.3 } as const;

const PEERS = ["bare socket", "node:http", "express", "better-sse"] as const;
const OWN = ["the lab's server", "the lab's server, ledger"] as const;
type Name = (typeof PEERS)[number] | (typeof OWN)[number];
const NAMES: readonly Name[] = [...PEERS, ...OWN].filter(
  (name) => flags.only === undefined || name === flags.only || name === "node:http",
);

interface Figures {
  cpuUsPerEvent: number;
  eventsPerSecond: number;
  rssBytes: number;
}

const folder = mkdtempSync(join(tmpdir(), "sse-lab-bench-server-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const isOwn = (name: Name): boolean => name.startsWith("the lab's");
const programOf = (name: Name): string => join(folder, isOwn(name) ? "server.mjs" : "peer.mjs");

const environmentOf = (name: Name): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  NODE_ENV: "production",
  ...(isOwn(name)
    ? {
        PORT: "0",
        INSTANCE: "server-1",
        SESSION_SECRET: "bench-secret-of-32-characters-or-more",
        RATE_LIMIT_POINTS: "1000000000",
        MAX_STREAMS: "100000",
        ...(name.endsWith("ledger") ? { LEDGER_DIR: join(folder, "ledger") } : {}),
      }
    : {}),
});

/** The first line of a peer is its port; the server's log line "listening" has it. */
const portIn = (line: string): number | undefined => {
  const value = JSON.parse(line) as number | { port?: number };
  return typeof value === "number" ? value : value.port;
};

const post = async (port: number, path: string, body: object, token?: string): Promise<unknown> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path} answered ${response.status}`);
  return response.json();
};

/** A client of the lab's server starts its pipeline once its stream is open. */
const streamsOf = (name: Name, port: number): Promise<OpenStreams> => {
  if (!isOwn(name)) {
    const path = Promise.resolve(`/?rate=${EVENTS_PER_SECOND}`);
    return openStreams(
      port,
      STREAMS,
      () => path,
      () => Promise.resolve(),
    );
  }
  const sessions: { sessionId: string; token: string }[] = [];
  const plan = {
    events: 1_000_000,
    eventsPerSecond: EVENTS_PER_SECOND,
    gates: 0,
    payloadBytes: PAYLOAD_BYTES,
    seed: 1,
  };
  return openStreams(
    port,
    STREAMS,
    async (n) => {
      const session = (await post(port, "/api/sessions", {})) as (typeof sessions)[number];
      sessions[n] = session;
      return `/api/sessions/${session.sessionId}/events?token=${session.token}`;
    },
    async (n) => {
      const session = sessions[n];
      if (session !== undefined)
        await post(port, `/api/sessions/${session.sessionId}/pipeline`, plan, session.token);
    },
  );
};

const measure = async (name: Name): Promise<Figures> => {
  const profile = flags["cpu-prof"];
  const profiling = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const server = spawn(process.execPath, [...profiling, programOf(name), name], {
    env: environmentOf(name),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  try {
    const pid = server.pid;
    if (pid === undefined) throw new Error(`${name} did not start`);
    let port: number | undefined;
    for await (const line of createInterface({ input: server.stdout })) {
      port = portIn(line);
      if (port !== undefined) break;
    }
    if (port === undefined) throw new Error(`${name} ended before it listened`);
    server.stdout.resume();
    const streams = await streamsOf(name, port);
    await sleep(SETTLE_MS);
    const read = (): { ticks: number; events: number; atMs: number } => ({
      ticks: readProcStat(pid)?.cpuTicks ?? NaN,
      events: streams.events(),
      atMs: nowMs(),
    });
    const before = read();
    await sleep(MEASURE_MS);
    const after = read();
    const rssBytes = readMemory(pid, "VmRSS") ?? NaN;
    streams.close();
    const events = after.events - before.events;
    if (events === 0) throw new Error(`no event of ${name} arrived in ${MEASURE_MS} ms`);
    return {
      cpuUsPerEvent: ((after.ticks - before.ticks) / TICKS_PER_SECOND / events) * 1e6,
      eventsPerSecond: (events * 1000) / (after.atMs - before.atMs),
      rssBytes,
    };
  } finally {
    // A profile is written when a process exits by itself.
    server.kill("SIGTERM");
    const late = setTimeout(() => server.kill("SIGKILL"), 10_000);
    await exited;
    clearTimeout(late);
  }
};

await Promise.all([
  bundleService("server/src/main.ts", join(folder, "server.mjs")),
  bundleService("server/bench/peer-server.ts", join(folder, "peer.mjs")),
]);
const rounds = new Map<Name, Figures[]>(NAMES.map((name) => [name, []]));
for (let round = 1; round <= ROUNDS; round++) {
  for (const name of NAMES) {
    if (!flags.json) process.stderr.write(`round ${round} of ${ROUNDS}: ${name}\n`);
    rounds.get(name)?.push(await measure(name));
  }
}
/** Other load on the host can only add CPU time, so the smallest of the rounds counts. */
const bestOf = (name: Name): Figures => {
  const [first, ...others] = rounds.get(name) ?? [];
  if (first === undefined) throw new Error(`${name} was not measured`);
  return others.reduce((a, b) => (b.cpuUsPerEvent < a.cpuUsPerEvent ? b : a), first);
};
const best = Object.fromEntries(NAMES.map((name) => [name, bestOf(name)])) as Record<Name, Figures>;
const ratioOf = (name: Name): number => best[name].cpuUsPerEvent / best["node:http"].cpuUsPerEvent;

if (flags.json) {
  const servers = NAMES.map((name) => ({
    name,
    ...best[name],
    ratio: ratioOf(name),
    ...(name in GOALS ? { goal: GOALS[name as keyof typeof GOALS] } : {}),
    rounds: rounds.get(name),
  }));
  const load = { streams: STREAMS, eventsPerSecond: EVENTS_PER_SECOND, measureMs: MEASURE_MS };
  console.log(JSON.stringify({ load, servers, loadAverage: loadavg()[0] }, null, 2));
} else {
  const table = new Table({ head: ["server", "us/event", "ratio", "goal", "events/s", "MB"] });
  for (const name of NAMES) {
    const { cpuUsPerEvent, eventsPerSecond, rssBytes } = best[name];
    table.push([
      name,
      cpuUsPerEvent.toFixed(1),
      ratioOf(name).toFixed(2),
      name in GOALS ? `<= ${GOALS[name as keyof typeof GOALS]}` : "",
      eventsPerSecond.toFixed(0),
      (rssBytes / 1024 ** 2).toFixed(0),
    ]);
  }
  console.log(table.toString());
  console.log(
    `${STREAMS} streams, each ${EVENTS_PER_SECOND} events/s; the smallest of ${ROUNDS} rounds; ` +
      `load average ${(loadavg()[0] ?? NaN).toFixed(1)}`,
  );
}
