/**
 * Live progress on standard error: redrawn in place on a terminal, a line at intervals elsewhere.
 */
import { createLogUpdate } from "log-update";
import type { Colors } from "picocolors/types.js";
import type { RunResult } from "../../checker/run-result.ts";
import type { LoadProgress } from "../../load/portable/load-plan.ts";
import type { ComparisonListener } from "../../run/run-comparison.ts";
import type { RunSpec } from "../../run/run-spec.ts";
import type { Scenario } from "../../scenario/scenario.ts";

/** Start, drain and judging of a run on two quiet cores, seconds. Estimates the first run. */
const OVERHEAD_S = 6;
/** Without a terminal, load progress is printed at this interval. */
const PLAIN_INTERVAL_MS = 5_000;

export interface LiveDisplay extends ComparisonListener {
  close(): void;
}

export function createLiveDisplay(
  scenario: Scenario,
  colours: Colors,
  stream: NodeJS.WriteStream = process.stderr,
): LiveDisplay {
  // A dumb terminal cannot move its cursor, so it gets plain lines as a pipe does.
  const log = stream.isTTY && process.env["TERM"] !== "dumb" ? createLogUpdate(stream) : undefined;
  let title = "";
  let stepText = "";
  let remainingRuns = 0;
  let loadS = 0;
  const beganMs = performance.now();
  let judged = 0;
  let perRunS = 0;
  /** Expected seconds of a run: the mean of those before it. */
  const runSeconds = (): number =>
    judged > 0 ? (performance.now() - beganMs) / 1000 / judged : OVERHEAD_S + loadS;
  let lastPlainMs = 0;

  const say = (line: string): void => {
    log?.clear();
    stream.write(`${line}\n`);
  };
  const draw = (detail: string): void =>
    log?.([colours.bold(title), `  ${stepText}`, `  ${detail}`].join("\n"));

  return {
    discardedStarted: ({ topology }) => {
      title = `${topology.name} · a short run that is discarded, because the host is cold`;
      stepText = "starting";
      if (log) draw("");
      else say(title);
    },
    runStarted: ({ topology, bounce, repeat, durationS }: RunSpec, number, of) => {
      remainingRuns = of - number;
      loadS = durationS + (scenario.arrival === "ramp" ? scenario.ramp : 0);
      title =
        `[${number}/${of}] ${topology.name} · ` +
        `${bounce}${scenario.repeat > 1 ? ` · repeat ${repeat}` : ""}`;
      stepText = "starting";
      perRunS = runSeconds();
      if (log) draw("");
      else say(title);
    },
    step: (text) => {
      stepText = text;
      draw("");
    },
    load: (progress) => {
      const line = describeLoad(progress, remainingRuns * perRunS);
      draw(line);
      if (log || performance.now() - lastPlainMs < PLAIN_INTERVAL_MS) return;
      lastPlainMs = performance.now();
      say(`  ${line}`);
    },
    runJudged: (result) => {
      judged += 1;
      say(describeResult(title, result, colours));
    },
    close: () => log?.done(),
  };
}

/** One line of live figures. @param laterSeconds what follows the load */
export function describeLoad(progress: LoadProgress, laterSeconds: number): string {
  const left = Math.max(0, Math.round(progress.secondsLeft + laterSeconds));
  return [
    `${progress.sessionsUp} streams up (plan: ${progress.sessions})`,
    `${Math.round(progress.eventsPerSecond)} events/s`,
    `${progress.overdue} missing so far`,
    `${progress.reconnects} reconnects`,
    `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`,
  ].join(" · ");
}

function describeResult(title: string, result: RunResult, colours: Colors): string {
  const paint = { valid: colours.green, invalid: colours.red, unknown: colours.yellow }[
    result.verdict
  ];
  const { due, lost, neverPublished, missed, stuckStreams, withoutLedger } = result;
  const figures =
    withoutLedger === null
      ? `${due} due, ${lost} lost, ${neverPublished} never published, ${stuckStreams} stuck`
      : withoutLedger.sequence
        ? `${due} due, ${missed} missed, ${stuckStreams} stuck`
        : `${withoutLedger.events} events arrived, ${stuckStreams} stuck`;
  const why = result.verdict === "valid" ? "" : `\n    ${result.reasons.join("\n    ")}`;
  const standIn = result.realtime?.standIn ? ` · on ${result.realtime.part}, a stand-in` : "";
  return `${title}: ${paint(result.verdict)} · ${figures}${standIn}${why}`;
}
