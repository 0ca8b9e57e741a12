"use k6 with k6/x/sse";
/**
 * k6 script for the topologies whose clients follow an SSE stream: phases 0 to 2 and their
 * variants. `plain-sse.ts` shows the event contract on one page; here a session does what a page
 * does. See README.md.
 *
 * - `options`: one VU and one iteration per session, thresholds by what the topology promises
 *   (lib/plan/options.ts), from variables or a scenario (lib/plan/plan.ts).
 * - `setup`: writes the plan to the console.
 * - The default function waits until its session is due (lib/session/await-arrival.ts), creates it
 *   and starts its pipeline (lib/session/http-requests.ts), and follows its stream with `sse.open`
 *   (lib/session/k6-sse-stream.ts), again and again until the last event or the deadline.
 * - Metrics: live ones as events come (lib/output/session-recorder.ts), judged ones when a session
 *   ends, by the lab's own checker.
 */
import { createScript } from "./lib/script.ts";
import { awaitArrival } from "./lib/session/await-arrival.ts";
import { SsePage } from "./lib/session/sse-page.ts";

const { plan, schedule, output, ...script } = createScript({
  env: __ENV,
  open: (path) => open(path),
  follows: ({ broadcaster }) => broadcaster !== "supabase",
  topology: "phase0",
});

export const { options, setup, handleSummary } = script;

export default (): void => {
  const arrived = awaitArrival(plan, schedule, output);
  try {
    new SsePage(plan, arrived).visit();
  } finally {
    arrived.recorder.end();
  }
};
