/**
 * k6 script for the topologies whose clients subscribe to Supabase Realtime directly: phase 3. It
 * needs no extension. See README.md.
 */
import { createScript } from "./lib/script.ts";
import { RealtimePage } from "./lib/realtime/realtime-page.ts";
import { awaitArrival } from "./lib/session/await-arrival.ts";

const { plan, schedule, output, ...script } = createScript({
  env: __ENV,
  open: (path) => open(path),
  follows: ({ broadcaster }) => broadcaster === "supabase",
  topology: "phase3",
});

export const { options, setup, handleSummary } = script;

export default async (): Promise<void> => {
  const arrived = awaitArrival(plan, schedule, output);
  try {
    await new RealtimePage(plan, arrived, output).visit();
  } finally {
    arrived.recorder.end();
  }
};
