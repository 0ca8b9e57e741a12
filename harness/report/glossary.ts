/** The lab's words in one line each, for whoever reads a report without having read the design. */
import type { RunResult, Verdict } from "../checker/run-result.ts";

type CauseName = keyof RunResult["lostByCause"];
type Bounce = RunResult["bounce"];
type Cost = RunResult["costs"][number];

/** What makes the load of a run. */
export const ENGINES = ["native", "k6"] as const;

/** One entry per cause: the compiler refuses a cause without a line, or a line without a cause. */
export const CAUSE_GLOSSARY: Readonly<Record<CauseName, string>> = {
  "no-route": "published on an instance that had no path to the subscriber, who was connected elsewhere",
  "in-flight-at-disconnect":
    "published while the stream was open, and still on its way when the stream broke",
  "while-disconnected": "published between two connections of its subscriber, and nothing replayed it",
  "replay-window-exceeded": "asked for after a reconnect, but already dropped from what is kept for replay",
  "epoch-changed": "belongs to another pipeline run than the one that the subscriber resumed",
  "broker-gap":
    "published while the publisher or the subscriber's instance had no broker connection, or given up before the broker took it",
  quota: "refused, or its subscriber cut off, because a limit of the broker was exceeded",
  unexplained: "none of these: this is where surprises are",
};

export const BOUNCE_GLOSSARY: Readonly<Record<Bounce, string>> = {
  none: "steady state, nothing is disturbed: the control of every other run",
  rolling: "instances are replaced one after the other, as a rolling deploy does",
  recreate: "all instances are stopped, then all are started",
  crash: "instances are killed with SIGKILL, without a chance to drain",
  "realtime-outage": "Supabase Realtime (or what plays it) is killed, and started again a little later",
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
  "affinity hit":
    "a request or stream of a created session that reached the same instance as the one before it",
  misroute: "a request or stream of a known session that reached another instance",
  latency: "from the time at which the plan wanted the event published to the time at which it was read",
};

/** One entry per role of a part, in the words of the costs table. */
export const ROLE_GLOSSARY: Readonly<Record<Cost["role"], string>> = {
  server: "the instances of the server under test",
  router: "what clients connect to, and what chooses an instance for them",
  broker: "what carries events between instances",
};

export const SOURCE_GLOSSARY: Readonly<Record<Cost["source"], string>> = {
  cgroup:
    "the kernel's account of a whole container: anonymous memory, and socket buffers and network where it keeps them; on Docker it includes the container's health checks",
  procfs:
    "the kernel's account of one process: its CPU time and anonymous memory, without what the kernel holds for its sockets, and without network figures of its own",
};

export const COST_GLOSSARY: Readonly<Record<string, string>> = {
  "cores per 1,000 streams":
    "CPU seconds (user and system) of a part over the whole load, per second of load and stream, times 1,000; what the part uses at rest and for accepting streams is in it",
  "memory per stream":
    "the highest anonymous memory of a part under load less what it had before the load, divided by the streams; what the part needs at rest is not in it",
  "socket memory per stream": "the same, of the kernel's buffers for the part's sockets",
  "in, out": "bytes that came in and went out over a part's own network interface, per second of load",
};

/** Of topologies whose clients subscribe to Supabase Realtime directly. */
export const REALTIME_GLOSSARY: Readonly<Record<string, string>> = {
  "stand-in":
    "a server of the lab's own that speaks Realtime's protocol and has its limits where the real one was not to be had: what is lost and why is measured on it, its latency and its costs say nothing about Supabase",
  waited: "from the time at which an event was published to the time at which it was handed to Realtime",
  carried: "from then to the time at which the client had read it: the extra hop",
  "catch-up":
    "clients ask an event log, over HTTP, for what they missed: Broadcast itself keeps nothing for them",
  plan: "whose limits were in force: a plan of supabase.com, or none within reach",
};

/** All roles, in the order in which reports list them. */
export const ROLE_NAMES = Object.keys(ROLE_GLOSSARY) as [Cost["role"], ...Cost["role"][]];
/** All accounts that costs are read from. */
export const SOURCE_NAMES = Object.keys(SOURCE_GLOSSARY) as [Cost["source"], ...Cost["source"][]];
/** All causes, in the order in which reports list them. */
export const CAUSE_NAMES = Object.keys(CAUSE_GLOSSARY) as [CauseName, ...CauseName[]];
/** All bounces, steady state first. */
export const BOUNCE_NAMES = Object.keys(BOUNCE_GLOSSARY) as [Bounce, ...Bounce[]];
/** All verdicts. */
export const VERDICT_NAMES = Object.keys(VERDICT_GLOSSARY) as [Verdict, ...Verdict[]];
/** The bounce that disturbs nothing. */
export const STEADY: Bounce = "none";
