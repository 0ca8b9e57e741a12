import { describe, expect, it } from "vitest";
import { checkStackArgs } from "./check-stack-args.ts";
import { UserError } from "../../common/user-error.ts";
import type { OwnRealtime } from "../realtime/stack-realtime.ts";
import type { StackArgs } from "./stack-args.ts";
import { stackArgs } from "../test-support/stack-args.ts";
import { TOPOLOGIES, type Topology } from "../topologies.ts";

const named = (name: string): Topology => TOPOLOGIES.find((one) => one.name === name)!;
const phase2 = named("phase2");
const problemsOf = (args: StackArgs): readonly string[] => {
  try {
    checkStackArgs(args);
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.message.split("\n- ").slice(1);
    throw error;
  }
};

describe("checkStackArgs", () => {
  it.each(TOPOLOGIES.map((topology) => [topology.name, topology] as const))(
    "accepts %s unchanged",
    (_, topology) => {
      expect(problemsOf(stackArgs(topology))).toEqual([]);
    },
  );

  const service = { name: "mine", port: 80, readyPath: "/", stopSignal: "SIGTERM" };
  const cases: [what: string, args: StackArgs, problem: string][] = [
    [
      "a service without an environment for each instance",
      { ...stackArgs(phase2), service: { ...service, environments: [{}] } },
      "service.environments has 1: there are 3 replicas",
    ],
    [
      "a service whose clients would subscribe to Realtime",
      { ...stackArgs(named("phase3")), service: { ...service, environments: [{}, {}, {}] } },
      "service mine: clients of phase3 subscribe to Supabase Realtime",
    ],
    [
      "a header hashed by Traefik",
      stackArgs({ ...named("phase1-header"), router: "traefik" }),
      "affinity header with router traefik: traefik cannot do it; use router haproxy",
    ],
    [
      "a cookie set by HAProxy",
      stackArgs({ ...named("phase1"), router: "haproxy" }),
      "affinity cookie with router haproxy: haproxy cannot do it; use router traefik",
    ],
    [
      "a broker without an image",
      stackArgs(phase2, {
        images: {
          server: stackArgs(phase2).images.server,
          router: stackArgs(phase2).images.router,
        },
      }),
      "images.broker is missing",
    ],
    ["no replicas", stackArgs(phase2, { replicas: 0 }), "replicas 0: out of range"],
    ["too many replicas", stackArgs(phase2, { replicas: 11 }), "replicas 11: out of range"],
    [
      "half a replica",
      stackArgs(phase2, { replicas: 2.5, ports: {} }),
      "replicas 2.5: out of range",
    ],
    [
      "a single instance twice",
      stackArgs(named("phase0"), { replicas: 2 }),
      "replicas 2: phase0 is a single instance",
    ],
    ["a negative grace", stackArgs(phase2, { graceS: -1 }), "graceS -1: out of range"],
    ["a fraction of a grace", stackArgs(phase2, { graceS: 0.5 }), "graceS 0.5: out of range"],
    ["an endless grace", stackArgs(phase2, { graceS: 601 }), "graceS 601: out of range"],
    ["port 0", stackArgs(phase2, { ports: { router: 0 } }), "ports.router 0: not a port"],
    [
      "a port above 65535",
      stackArgs(phase2, { ports: { dashboard: 65_536 } }),
      "ports.dashboard 65536: not a port",
    ],
    [
      "a port twice",
      stackArgs(phase2, { ports: { router: 20_000, instances: [20_001, 20_002, 20_000] } }),
      "ports.instances[2] 20000: ports.router has it already",
    ],
    [
      "too few ports",
      stackArgs(phase2, { ports: { instances: [20_001] } }),
      "ports.instances has 1: there are 3 replicas",
    ],
    [
      "a short key",
      stackArgs(phase2, { sessionSecret: "short" }),
      "sessionSecret has 5 characters: give 32 or more",
    ],
    [
      "a name with an underscore",
      stackArgs(phase2, { stack: "my_stack" }),
      'stack "my_stack": not a name',
    ],
    ["a name with a hyphen first", stackArgs(phase2, { stack: "-a" }), 'stack "-a": not a name'],
    [
      "a relative ledger folder",
      stackArgs(phase2, { ledgerDir: "ledger" }),
      'ledgerDir "ledger": not absolute',
    ],
    ["a revision with a blank", stackArgs(phase2, { revision: "a b" }), 'revision "a b"'],
    [
      "an image by tag",
      stackArgs(phase2, { images: { ...stackArgs(phase2).images, router: "traefik:v3.7" } }),
      'images.router "traefik:v3.7": not an image id or digest',
    ],
    [
      "a label of the stack's own",
      stackArgs(phase2, { labels: { "sse-lab.role": "server" } }),
      "labels sse-lab.role=server: the stack sets it itself",
    ],
    [
      "another stack's label",
      stackArgs(phase2, { labels: { "sse-lab.stack": "other" } }),
      "labels sse-lab.stack=other: the stack sets it itself",
    ],
  ];
  const phase3 = named("phase3");
  const whole = stackArgs(phase3);
  const own = whole.realtime as OwnRealtime;
  const withoutRealtime = { ...whole };
  delete withoutRealtime.realtime;
  const hosted = (url: string): StackArgs => ({
    ...whole,
    ports: {},
    realtime: {
      by: "hosted",
      plan: "none",
      publish: "http",
      catchUp: false,
      hosted: { url, serviceKey: "service-key", jwtSecret: "j".repeat(32) },
    },
  });
  const realtimeCases: typeof cases = [
    ["no Realtime where there has to be one", withoutRealtime, "realtime is missing"],
    [
      "a Realtime in a topology without one",
      stackArgs(phase2, { realtime: own }),
      "realtime: phase2 has none",
    ],
    [
      "a stand-in without an image",
      { ...whole, images: stackArgs(phase2).images },
      "images.realtimeStandin is missing: realtime is by standin",
    ],
    [
      "the real one without its database",
      {
        ...whole,
        images: { ...whole.images, realtime: whole.images.server },
        realtime: { ...own, by: "supabase" },
      },
      "images.postgres is missing: realtime is by supabase",
    ],
    [
      "an event log without a broker's image",
      {
        ...whole,
        images: {
          server: whole.images.server,
          router: whole.images.router,
          realtimeStandin: whole.images.server,
        },
        realtime: { ...own, catchUp: true },
      },
      "images.broker is missing: phase3 has a broker with catchUp",
    ],
    [
      "a key of another length",
      { ...whole, realtime: { ...own, keys: { ...own.keys, databaseKey: "ü".repeat(16) } } },
      "realtime.keys.databaseKey has 32 bytes: an AES-128 key has 16",
    ],
    [
      "a hosted one that is no address",
      hosted("abc.supabase.co"),
      'realtime.hosted.url "abc.supabase.co": not',
    ],
    [
      "a hosted one that containers do not reach",
      hosted("http://127.0.0.1:4000/socket"),
      "containers do not reach this host by that name",
    ],
    [
      "a port that Realtime shares",
      { ...whole, ports: { router: 20_000, realtime: 20_000 } },
      "ports.realtime 20000: ports.router has it already",
    ],
  ];
  it.each(realtimeCases)("refuses %s", (_, args, problem) => {
    expect(problemsOf(args)).toEqual([expect.stringContaining(problem)]);
  });

  it.each(cases)("refuses %s", (_, args, problem) => {
    expect(problemsOf(args)).toEqual([expect.stringContaining(problem)]);
  });

  it("lets a stopped broker be without an image, and an image be named by digest", () => {
    const { server } = stackArgs(phase2).images;
    const router = `traefik@sha256:${"a".repeat(64)}`;
    expect(problemsOf(stackArgs(phase2, { redis: "stopped", images: { server, router } }))).toEqual(
      [],
    );
  });

  it("names every problem at once, and no secret", () => {
    const args = stackArgs(phase2, {
      replicas: 99,
      graceS: -1,
      stack: "",
      sessionSecret: "hunter2",
      ports: {},
    });
    expect(problemsOf(args)).toHaveLength(4);
    expect(() => checkStackArgs(args)).toThrow(/replicas 99[^]*graceS -1/);
    expect(problemsOf(args).join()).not.toContain("hunter2");
  });
});
