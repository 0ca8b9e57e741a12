/**
 * k6 script for the topologies whose clients follow an SSE stream: phases 0 to 2 and their
 * variants. It needs the extension xk6-sse. See README.md.
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
