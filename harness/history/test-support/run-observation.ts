import type { RunObservation } from "../observation.ts";

/** The first observation of a run that promises to lose nothing, changed as given. */
export const runObservation = (change: Partial<RunObservation> = {}): RunObservation => ({
  type: "run",
  topology: "example",
  bounce: "none",
  repeat: 1,
  seed: 1,
  replicas: 1,
  atMs: 0,
  startedAt: "2026-01-01T00:00:00.000Z",
  promise: {
    allowedCauses: [],
    neverPublishedAllowed: false,
    routedByChance: false,
    sentence: "Nothing is lost.",
  },
  load: { sessions: 1, eventsPerSecond: 1, durationS: 1, gates: 0 },
  notes: [],
  ...change,
});
