/** The lab's words in one line each, for whoever reads a report without having read the design. */
import type { RunResult, Verdict } from "../checker/run-result.ts";

type CauseName = keyof RunResult["lostByCause"];
type Bounce = RunResult["bounce"];

/** One entry per cause: the compiler refuses a cause without a line, or a line without a cause. */
export const CAUSE_GLOSSARY: Readonly<Record<CauseName, string>> = {
  "no-route": "published on an instance that had no path to the subscriber, who was connected elsewhere",
  "in-flight-at-disconnect":
    "published while the stream was open, and still on its way when the stream broke",
  "while-disconnected": "published between two connections of its subscriber, and nothing replayed it",
  "replay-window-exceeded": "asked for after a reconnect, but already dropped from what is kept for replay",
  "epoch-changed": "belongs to another pipeline run than the one that the subscriber resumed",
  "broker-gap": "published while the publisher or the subscriber's instance had no broker connection",
  unexplained: "none of these: this is where surprises are",
};

export const BOUNCE_GLOSSARY: Readonly<Record<Bounce, string>> = {
  none: "steady state, nothing is disturbed: the control of every other run",
  rolling: "instances are replaced one after the other, as a rolling deploy does",
  recreate: "all instances are stopped, then all are started",
  crash: "instances are killed with SIGKILL, without a chance to drain",
};

export const VERDICT_GLOSSARY: Readonly<Record<Verdict, string>> = {
  valid: "the run met the expectation that is stated for its topology",
  invalid: "the run broke that expectation",
  unknown: "the run cannot be trusted, so it says nothing about its topology",
};

/** Outcomes and counts of a run, in the order in which a reader meets them. */
export const OUTCOME_GLOSSARY: Readonly<Record<string, string>> = {
  due: "(event, subscriber) pairs that should have been delivered, from the subscriber's first confirmed readiness to the drain; time between two connections counts",
  delivered: "arrived on the connection that was open when it was published",
  recovered: "arrived by replay after a reconnect",
  lost: "published, and never arrived",
  "never published": "the pipeline died before it produced the event, so no delivery could have helped",
  indeterminate: "the evidence does not tell what became of it",
  missed:
    "everything due that did not arrive, whatever the reason: what the person at the screen went without",
  duplicated: "arrived more than once",
  reordered: "arrived after a later event of its run",
  unexpected: "arrived although it was not due",
  "stuck stream":
    "a session that never saw the last event of its pipeline: its user waits for an end that does not come",
  "95 % back, 100 % back":
    "the time, from the start of the bounce that cut a stream until it was connected again, within which that share of all cuts was mended; a dash when none was cut, or too few came back",
  "affinity hit": "a request or stream that reached the same instance as the one before it of that session",
  misroute: "a request or stream of a known session that reached another instance",
  latency: "from the time at which the plan wanted the event published to the time at which it was read",
};

/** All causes, in the order in which reports list them. */
export const CAUSE_NAMES = Object.keys(CAUSE_GLOSSARY) as [CauseName, ...CauseName[]];
/** All bounces, steady state first. */
export const BOUNCE_NAMES = Object.keys(BOUNCE_GLOSSARY) as [Bounce, ...Bounce[]];
/** All verdicts. */
export const VERDICT_NAMES = Object.keys(VERDICT_GLOSSARY) as [Verdict, ...Verdict[]];
/** The bounce that disturbs nothing. */
export const STEADY: Bounce = "none";
