import type { StackArgs } from "../stack-args.ts";
import type { Topology } from "../topologies.ts";

const imageId = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** Arguments of a stack that can be. */
export const stackArgs = (topology: Topology, change: Partial<StackArgs> = {}): StackArgs => {
  const replicas = change.replicas ?? topology.replicas;
  return {
    stack: "lab",
    topology,
    replicas,
    images: { server: imageId("1"), router: imageId("2"), broker: imageId("3") },
    revision: "r7",
    graceS: 0,
    ports: {
      router: 20_000,
      dashboard: 20_001,
      instances: Array.from({ length: replicas }, (_, index) => 20_010 + index),
    },
    ledgerDir: "/var/ledgers",
    sessionSecret: "s".repeat(40),
    redis: "up",
    labels: { "sse-lab.checkout": "c0ffee" },
    ...change,
  };
};
