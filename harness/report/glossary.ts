/** The lab's terms, one line each, for readers of a report. */
import type { RunResult, Verdict } from "../checker/run-result.ts";
import { KINDS_OF_BOUNCE } from "../nemesis/kinds.ts";

type CauseName = keyof RunResult["lostByCause"];
type Bounce = RunResult["bounce"];
type Cost = RunResult["costs"][number];

/** The load generators. */
export const ENGINES = ["native", "k6"] as const;

/** One entry per cause: the compiler rejects a missing or an extra one. */
export const CAUSE_GLOSSARY: Readonly<Record<CauseName, string>> = {
  "no-route": "published on an instance without a path to the instance of the subscriber",
  "in-flight-at-disconnect": "still on its way when the stream broke",
  "while-disconnected": "published between two connections of its subscriber and not replayed",
  "replay-window-exceeded": "requested after a reconnect, but already dropped from the replay log",
  "epoch-changed": "belongs to another pipeline run than the one that the subscriber resumed",
  "broker-gap":
    "published while the publisher or the subscriber's instance had no broker connection, " +
    "or dropped before the broker accepted it",
  "log-lost": "the broker lost it from the log, and the server told its client",
  quota: "refused, or its subscriber cut off, because the load exceeded a limit of the broker",
  "started-twice":
    "of a pipeline that two instances ran, because its start was sent again after a lost answer",
  unexplained: "none of these: investigate it",
};

export const BOUNCE_GLOSSARY: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(KINDS_OF_BOUNCE).map(([kind, { does }]) => [kind, does]),
);

export const VERDICT_GLOSSARY: Readonly<Record<Verdict, string>> = {
  valid: "the run kept its topology's promise",
  invalid: "the run broke its topology's promise",
  unknown: "the run cannot be trusted, so it says nothing about its topology",
};

/** Outcomes and counts of a run, in the order in which a reader meets them. */
export const OUTCOME_GLOSSARY: Readonly<Record<string, string>> = {
  due:
    "(event, subscriber) pairs that should arrive, from the subscriber's first confirmed " +
    "readiness " +
    "to the drain, including the time between two connections",
  delivered: "arrived on the connection that was open at publication",
  recovered: "arrived by replay after a reconnect",
  lost: "published but never arrived",
  "never published":
    "the pipeline died before it produced the event, so no topology could deliver it",
  indeterminate: "the evidence does not show what happened to it",
  missed:
    "due but did not arrive, for any reason: what the user never saw; without a ledger, lost or " +
    "never published",
  duplicated: "arrived more than once",
  reordered: "arrived after a later event of its run",
  unexpected: "arrived although it was not due",
  "stuck stream": "a session that never received its pipeline's last event: its user waits forever",
  "95 % back, 100 % back":
    "the time from the start of a bounce until that share of the streams that it cut was " +
    "connected again; " +
    "a dash if none was cut, or too few came back",
  "affinity hit":
    "a request or stream of a created session that reached the same instance as its predecessor",
  misroute: "a request or stream of a known session that reached another instance",
  latency: "from the planned publication of an event to the time when the client read it",
};

/** One entry per role of a component. */
export const ROLE_GLOSSARY: Readonly<Record<Cost["role"], string>> = {
  server: "the instances of the server under test",
  router: "accepts client connections and chooses an instance for each",
  broker: "carries events between instances",
};

export const SOURCE_GLOSSARY: Readonly<Record<Cost["source"], string>> = {
  cgroup:
    "the kernel's account of a whole container: anonymous memory, plus socket buffers and " +
    "network if " +
    "the kernel keeps them; on Docker it includes the container's health checks",
  procfs:
    "the kernel's account of one process: its CPU time and anonymous memory, without socket " +
    "buffers " +
    "or network figures",
};

export const COST_GLOSSARY: Readonly<Record<string, string>> = {
  "cores per 1,000 streams":
    "a component's CPU seconds (user and system) per second and stream while the streams are up, " +
    "times 1,000; idle use is included, accepting streams only in older results",
  "memory per stream":
    "a component's peak anonymous memory under load minus its memory before the load, divided " +
    "by the streams that are open together; idle memory is excluded",
  "socket memory per stream": "the same for the kernel's buffers of the component's sockets",
  "in, out": "bytes received and sent over the component's network interface, per second of load",
};

/** Terms of topologies whose clients subscribe to Supabase Realtime directly. */
export const REALTIME_GLOSSARY: Readonly<Record<string, string>> = {
  "stand-in":
    "the lab's server with Realtime's protocol and limits, used if the real server is " +
    "unavailable; " +
    "losses and their causes are valid, its latency and costs say nothing about Supabase",
  waited: "from the publication of an event to its hand-over to Realtime",
  carried: "from the hand-over to the time when the client read the event: the extra hop",
  "catch-up":
    "clients fetch missed events from an event log over HTTP, since Realtime Broadcast " +
    "stores none",
  plan: "the supabase.com plan whose limits applied; none: no limits within reach",
};

/** All roles, in report order. */
export const ROLE_NAMES = Object.keys(ROLE_GLOSSARY) as [Cost["role"], ...Cost["role"][]];
/** All sources of cost readings. */
export const SOURCE_NAMES = Object.keys(SOURCE_GLOSSARY) as [Cost["source"], ...Cost["source"][]];
/** All causes, in report order. */
export const CAUSE_NAMES = Object.keys(CAUSE_GLOSSARY) as [CauseName, ...CauseName[]];
/** All bounces, steady state first. */
export const BOUNCE_NAMES = Object.keys(KINDS_OF_BOUNCE) as [Bounce, ...Bounce[]];
/** All verdicts. */
export const VERDICT_NAMES = Object.keys(VERDICT_GLOSSARY) as [Verdict, ...Verdict[]];
/** The control run without a bounce. */
export const STEADY: Bounce = "none";
