import type { StackArgs, StackRecord } from "./stack-args.ts";
import { TOPOLOGIES, type Topology } from "../topologies.ts";

export class UnknownTopologyError extends Error {
  override name = "UnknownTopologyError";

  constructor(topology: string) {
    const names = TOPOLOGIES.map((one) => one.name).join(", ");
    super(`topology ${JSON.stringify(topology)} is not known: it is one of ${names}`);
  }
}

/** @throws UnknownTopologyError */
export const topologyNamed = (name: string): Topology => {
  const topology = TOPOLOGIES.find((one) => one.name === name);
  if (!topology) throw new UnknownTopologyError(name);
  return topology;
};

/** What a stack is made from, out of its record. @throws UnknownTopologyError for a record of another version */
export const recordArgs = (record: StackRecord): StackArgs => {
  const {
    stack,
    replicas,
    images,
    revision,
    graceS,
    ports,
    ledgerDir,
    sessionSecret,
    redis,
    realtime,
    labels,
  } = record;
  return {
    stack,
    topology: topologyNamed(record.topology),
    replicas,
    images,
    revision,
    graceS,
    ports,
    ...(ledgerDir === undefined ? {} : { ledgerDir }),
    sessionSecret,
    redis,
    ...(realtime === undefined ? {} : { realtime }),
    labels,
  };
};
