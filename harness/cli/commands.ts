import type { Declare } from "./declare-command.ts";

interface CommandEntry {
  name: string;
  /** Names of its arguments, as the list of commands shows them. */
  usage?: string;
  summary: string;
  load: () => Promise<Declare>;
}

/**
 * In the order of the help. Modules are loaded for the command that is named, because loading all
 * of them takes longer than most commands do.
 */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "loadtest",
    summary: "compare topologies under load, in steady state and across deploys",
    load: async () => (await import("./commands/loadtest-command.ts")).declareLoadtest,
  },
  {
    name: "faults",
    summary: "measure every topology under every bounce, and show what survives what",
    load: async () => (await import("./commands/faults-command.ts")).declareFaults,
  },
  {
    name: "migrate",
    summary: "walk the strategy's migration on one live service, and back",
    load: async () => (await import("./commands/migrate-command.ts")).declareMigrate,
  },
  {
    name: "up",
    usage: "<topology>",
    summary: "start one topology and leave it running",
    load: async () => (await import("./commands/up-command.ts")).declareUp,
  },
  {
    name: "down",
    summary: "remove everything that up or an interrupted run left",
    load: async () => (await import("./commands/down-command.ts")).declareDown,
  },
  {
    name: "bounce",
    usage: "<topology>",
    summary: "redeploy, crash or disconnect a topology that is up",
    load: async () => (await import("./commands/bounce-command.ts")).declareBounce,
  },
  {
    name: "report",
    usage: "<dir>",
    summary: "rebuild the report of a load test from its raw history",
    load: async () => (await import("./commands/report-command.ts")).declareReport,
  },
  {
    name: "compare",
    usage: "<a> <b>",
    summary: "show what changed from one load test to another",
    load: async () => (await import("./commands/compare-command.ts")).declareCompare,
  },
  {
    name: "capacity",
    summary: "load a topology harder and harder, and show what gives in first",
    load: async () => (await import("./commands/capacity-command.ts")).declareCapacity,
  },
  {
    name: "loadgen",
    summary: "make one machine's part of a load, for a topology that is up",
    load: async () => (await import("./commands/loadgen-command.ts")).declareLoadgen,
  },
  {
    name: "merge",
    usage: "<shards...>",
    summary: "judge the parts of a load that several machines made as one run",
    load: async () => (await import("./commands/merge-command.ts")).declareMerge,
  },
  {
    name: "storm",
    usage: "<results...>",
    summary: "show the reconnect storms of several load tests side by side",
    load: async () => (await import("./commands/storm-command.ts")).declareStorm,
  },
  {
    name: "gate",
    usage: "<result>",
    summary: "hold a load test against limits and a base, for a pull request",
    load: async () => (await import("./commands/gate-command.ts")).declareGate,
  },
  {
    name: "estimate",
    usage: "[result]",
    summary: "work out what deploys would cost a day with each topology",
    load: async () => (await import("./commands/estimate-command.ts")).declareEstimate,
  },
  {
    name: "advise",
    usage: "[result]",
    summary: "say which topology fits your numbers, host and tolerated loss",
    load: async () => (await import("./commands/advise-command.ts")).declareAdvise,
  },
  {
    name: "claims",
    usage: "[results...]",
    summary: "judge the strategy's statements by measured figures",
    load: async () => (await import("./commands/claims-command.ts")).declareClaims,
  },
  {
    name: "cross-check",
    usage: "<a> <b>",
    summary: "check whether two load engines report the same for the same plan",
    load: async () => (await import("./commands/cross-check-command.ts")).declareCrossCheck,
  },
  {
    name: "service",
    usage: "<check|init>",
    summary: "describe your own service in a file, and try whether it fits",
    load: async () => (await import("./commands/service-command.ts")).declareService,
  },
  {
    name: "doctor",
    summary: "show which tools are here, which will be fetched, what is missing",
    load: async () => (await import("./commands/doctor-command.ts")).declareDoctor,
  },
  {
    name: "images",
    summary: "prepare the container images and show where each comes from",
    load: async () => (await import("./commands/images-command.ts")).declareImages,
  },
  {
    name: "conformance",
    summary: "check a Supabase Realtime against the protocol notes",
    load: async () => (await import("./commands/conformance-command.ts")).declareConformance,
  },
];
