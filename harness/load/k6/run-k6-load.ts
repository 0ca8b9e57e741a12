import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineObservation } from "../../history/observation.ts";
import { nowMs } from "../../../common/clock.ts";
import { plannedLoad, type LoadPlan, type ServiceForScript } from "../portable/load-plan.ts";
import { LAB_PROTOCOL } from "../portable/service/lab-protocol.ts";
import { publishClockOf } from "../native/publish-clock.ts";
import type { RunLoadOptions } from "../native/run-load.ts";
import { SegmentWriter } from "../native/segment-writer.ts";
import { type FoundK6 } from "./process/find-k6.ts";
import { UserError } from "../../../common/user-error.ts";
import { k6Arguments, k6Environment, type K6RunLabels } from "./process/k6-command.ts";
import { K6Process, type K6Exit } from "./process/k6-process.ts";
import { K6_LIMITS, K6Progress, type K6Limits } from "./k6-progress.ts";
import { writeK6History } from "./records/write-k6-history.ts";

/** Thresholds failed: the script's own judgement, which the harness does not rely on. */
const THRESHOLDS_FAILED = 99;
const INTERRUPTED = 105;

export interface RunK6Options extends Omit<RunLoadOptions, "limits"> {
  k6: FoundK6;
  /** The bundled script that follows this topology. */
  script: string;
  labels: K6RunLabels;
  /** The harness's own environment, of which k6 gets what it needs. */
  env: NodeJS.ProcessEnv;
  /**
   * Called at once with the process group of k6, so that a reaper can end it if this process dies.
   */
  onSpawn?: (pid: number) => void;
  /** Overrides of single limits. */
  limits?: Partial<K6Limits>;
}

export interface K6LoadResult {
  /** Paths of the raw history, NDJSON; order means nothing. */
  segments: string[];
  /**
   * Also recorded in the history. Undefined when k6 did not bring all sessions to their end: such a
   * run is `unknown`.
   */
  engine: EngineObservation | undefined;
  /** What the report must say about the load, one sentence each. */
  notes: string[];
  /** Events received, replayed ones included. */
  received: number;
}

/**
 * Puts the planned load on a router by k6, and writes all that its sessions saw into `historyDir`,
 * as `runLoad` does: on the instances' clock, with `planned` for every session, the phases, and
 * what there is to say of the engine.
 * @throws the abort signal's reason; UserError, with k6's last words, when it fails, or writes
 *   nothing that can be used. It is gone by then.
 */
export async function runK6Load(plan: LoadPlan, options: RunK6Options): Promise<K6LoadResult> {
  const { signal, historyDir, k6, script, labels, env } = options;
  signal?.throwIfAborted();
  const limits = { ...K6_LIMITS, ...options.limits };
  const consoleFile = join(historyDir, "k6-console.log");
  const serviceFile = await writeService(plan, historyDir);
  const child = await K6Process.start({
    path: k6.path,
    args: k6Arguments({ script, plan, labels, consoleFile, serviceFile }),
    cwd: historyDir,
    env: k6Environment(env),
  });
  options.onSpawn?.(child.pid);
  const progress = new K6Progress(plannedLoad(plan), consoleFile, child.pid, limits, options);
  let hung: boolean;
  try {
    hung = await follow(child, progress, limits, signal);
    await progress.finish();
  } finally {
    await child.end();
    await progress.close();
  }
  const times = progress.times();
  if (times === undefined) throw new UserError(withWords(nothingUsable(progress), child));
  const notes = [
    ...(hung
      ? [
          `${k6.standIn ?? "k6"} was still running ${limits.exitMs / 1000} s after the drain ` +
            "should have ended, and had to be ended.",
        ]
      : []),
    ...progress.missing(),
  ];
  const engine: EngineObservation | undefined =
    notes.length > 0
      ? undefined
      : {
          type: "engine",
          lagMs: times.lagMs,
          ...progress.usage.figures(),
          workers: progress.state.processes.size,
          clockErrorMs: times.clockErrorMs,
          ...publishClockOf(plan),
        };
  const path = join(historyDir, "load-k6.ndjson");
  const failed = new AbortController();
  const recorder = await SegmentWriter.open(path, (error) => failed.abort(error));
  try {
    await writeK6History(recorder, {
      plan,
      times,
      consoles: [consoleFile],
      ...(engine ? { engine } : {}),
    });
  } finally {
    await recorder.close();
  }
  return { segments: [path], engine, notes, received: progress.state.received };
}

/** Undefined for the lab's own server, which the scripts know. */
async function writeService(plan: LoadPlan, folder: string): Promise<string | undefined> {
  const { service, ledger } = plan;
  if (ledger && JSON.stringify(service) === JSON.stringify(LAB_PROTOCOL)) return undefined;
  const file = join(folder, "k6-service.json");
  const told: ServiceForScript = { service, ledger, wallOffsetMs: nowMs() - Date.now() };
  await writeFile(file, JSON.stringify(told), { mode: 0o600 });
  return file;
}

/**
 * Until the load is over and k6 is gone. True when it had to be ended, because it went on after its
 * time.
 * @throws the abort signal's reason, UserError
 */
async function follow(
  child: K6Process,
  progress: K6Progress,
  limits: K6Limits,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (;;) {
    const { exit } = child;
    // The exit before the look: what k6 wrote until then is all that there will be.
    await progress.look();
    if (exit) refuseFailure(exit, child);
    if (exit && (progress.isPlanOver() || progress.state.arrived === 0)) return false;
    if (!exit && progress.isSilent()) {
      const message = `k6 let no session arrive within ${limits.startMs / 1000} s, and was ended`;
      await child.end();
      throw new UserError(withWords(message, child));
    }
    if (!exit && progress.isOverdue()) {
      await child.end();
      await progress.look();
      return true;
    }
    await sleep(limits.lookMs, undefined, signal ? { signal } : {}).catch(() => undefined);
    signal?.throwIfAborted();
  }
}

/** @throws UserError */
function refuseFailure({ code, signal }: K6Exit, child: K6Process): void {
  if (code === 0 || code === THRESHOLDS_FAILED) return;
  const how =
    code === INTERRUPTED
      ? "k6 was interrupted by another program"
      : signal === null
        ? `k6 failed with exit code ${String(code)}`
        : `k6 was killed by ${signal}`;
  throw new UserError(withWords(how, child));
}

const nothingUsable = ({ torn, example }: K6Progress): string =>
  torn === 0
    ? "k6 ended without letting a single session arrive: its console holds no line of the scripts"
    : `k6 ended, and none of the ${torn} lines that its scripts wrote can be read ` +
      `(${example ?? ""})`;

const withWords = (message: string, child: K6Process): string => {
  const words = child.lastWords();
  return words === ""
    ? `${message}; it said nothing on stderr`
    : `${message}; it said last:\n${words}`;
};
