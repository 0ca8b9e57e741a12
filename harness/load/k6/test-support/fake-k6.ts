/**
 * Test support: a program that is called as k6 is and writes a script's lines, without any request:
 * a test says how it misbehaves. Bundled by `fakeK6` to one executable file.
 */
import { spawn } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { nowMs as instanceNowMs } from "../../../../common/clock.ts";
import type { BounceKind } from "../../../history/observation.ts";
import type { Jitter } from "../../portable/back-off.ts";
import type { ArrivalKind, PlannedLoad, StreamClient } from "../../portable/load-plan.ts";
import { scheduleSessions } from "../../portable/load-schedule.ts";
import { LINE_MARK, type K6LogLine, type K6LogRecord } from "../../portable/k6-log-records.ts";
import type { FakeBehaviour } from "./build-fake-k6.ts";

const behaviour = JSON.parse(process.env["K6_FAKE"] ?? "{}") as FakeBehaviour;
const [command, ...args] = process.argv.slice(2);
const after = (flag: string): string => args[args.indexOf(flag) + 1] ?? "";
const variables = Object.fromEntries(
  args.flatMap((arg, at) =>
    args[at - 1] === "-e" ? [arg.split(/=(.*)/s).slice(0, 2) as [string, string]] : [],
  ),
);
const number = (name: string): number => Number(variables[name]);

/**
 * CPU time per event: the kernel accounts for whole ticks of 10 ms, and a test looks for some of
 * them.
 */
const EVENT_CPU_MS = 3;
const beganMs = instanceNowMs() - 5;
/** Whole milliseconds since the test began, as k6's. */
const nowMs = (): number => Math.floor(instanceNowMs() - beganMs);
const write = (text: string): void => appendFileSync(after("--console-output"), text);
const lineOf = (...records: K6LogRecord[]): string => {
  const line: K6LogLine = { v: 1, process: "fake", records };
  return `${LINE_MARK}${JSON.stringify(line)}\n`;
};

if (command !== "run") throw new Error(`fake-k6 ${String(command)}: only run is known`);
if (behaviour.pidFile !== undefined) writeFileSync(behaviour.pidFile, String(process.pid));
await run();

async function run(): Promise<void> {
  const { mode } = behaviour;
  if (mode === "dies") {
    process.stderr.write(
      "GoError: the script does not parse\n  at http://x/?token=secret-token&apikey=secret-key\n",
    );
    process.exit(107);
  }
  if (mode === "writes-nothing") return;
  if (mode === "hangs-silent") return hang();
  if (mode === "launches") {
    const child = spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)"], {
      stdio: "ignore",
    });
    if (behaviour.childFile !== undefined) writeFileSync(behaviour.childFile, String(child.pid));
  }
  const plan: PlannedLoad = {
    url: variables["URL"] ?? "",
    client: (variables["CLIENT"] ?? "realtime") as StreamClient,
    arrival: variables["ARRIVAL"] as ArrivalKind,
    sessions: number("SESSIONS"),
    eventsPerSecond: number("RATE"),
    durationS: number("DURATION"),
    pipelineS: number("PIPELINE"),
    warmUpS: number("WARM_UP"),
    jitter: (variables["JITTER"] ?? "full") as Jitter,
    heartbeatS: number("HEARTBEAT"),
    rampS: number("RAMP"),
    drainS: number("DRAIN"),
    gates: number("GATES"),
    payloadBytes: number("PAYLOAD_BYTES"),
    seed: number("SEED") + (mode === "plans-otherwise" ? 1 : 0),
    repeat: number("REPEAT"),
  };
  write("level=info msg=starting\n");
  const { TOPOLOGY: topology = "", BOUNCE: bounce, REPEAT: repeat } = variables;
  const labels = { topology, bounce: bounce as BounceKind, repeat: Number(repeat) };
  write(lineOf({ type: "k6-plan", plan, ...labels, atMs: nowMs() }));
  if (mode === "never-begins") return hang();
  const startMs = nowMs() + 20;
  const sessions = scheduleSessions(plan).filter(
    ({ index }) => mode !== "skips-a-session" || index > 0,
  );
  await Promise.all(
    sessions.map((one) => session(one.session, startMs + one.arriveOffsetMs, one.events, plan)),
  );
  if (mode === "tears-a-line")
    write(lineOf({ type: "k6-ended", session: "s0", atMs: nowMs() }).slice(0, -9) + "\n");
  if (mode === "hangs" || mode === "launches") return hang();
  if (mode === "fails-late") {
    process.stderr.write("the disk is full\n");
    process.exit(1);
  }
}

/** Takes this much CPU time, milliseconds. */
function useCpu(ms: number): void {
  const start = process.cpuUsage();
  let usedUs = 0;
  while (usedUs < ms * 1000) {
    const { user, system } = process.cpuUsage(start);
    usedUs = user + system;
  }
}

/** Deaf to SIGINT and SIGTERM. */
function hang(): Promise<never> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  setInterval(() => undefined, 1_000);
  return new Promise(() => undefined);
}

async function session(
  name: string,
  dueMs: number,
  events: number,
  plan: PlannedLoad,
): Promise<void> {
  await sleep(Math.max(0, dueMs - nowMs()));
  const of = { session: name };
  const askedMs = nowMs();
  const drift = behaviour.mode === "contradicts-itself" && name === "s1" ? 10_000 : 0;
  const clock = { askedMs, instanceMs: instanceNowMs() + drift, answeredMs: nowMs() };
  write(
    lineOf(
      { type: "k6-arrived", ...of, dueMs, atMs: nowMs() },
      { type: "k6-clock", instance: "server-1", ...clock },
      {
        type: "request",
        ...of,
        request: "create",
        status: 201,
        sessionId: `id-${name}`,
        instance: "server-1",
        atMs: nowMs(),
      },
    ),
  );
  const subscribedMs = instanceNowMs();
  const instance = "server-1";
  write(
    lineOf({
      type: "connected",
      ...of,
      connection: 1,
      instance,
      subscribedMs,
      resume: "none",
      atMs: nowMs(),
    }),
  );
  for (let seq = 1; seq <= events; seq++) {
    await sleep(1000 / plan.eventsPerSecond);
    useCpu(EVENT_CPU_MS);
    const terminal = seq === events ? { terminal: true } : {};
    write(
      lineOf({
        type: "received",
        ...of,
        connection: 1,
        epoch: `e-${name}`,
        seq,
        ...terminal,
        atMs: nowMs(),
      }),
    );
  }
  if (behaviour.mode === "drops-a-session" && name === "s0") return;
  write(
    lineOf(
      { type: "disconnected", ...of, connection: 1, reason: "finished", atMs: nowMs() },
      { type: "k6-ended", ...of, atMs: nowMs() },
    ),
  );
}
