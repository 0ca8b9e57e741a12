import type { StackArgs, StackRecord } from "./stack-args.ts";
import { TOPOLOGIES, type Topology } from "../topologies.ts";
import { UserError } from "../../common/user-error.ts";

/** @throws UserError */
export const topologyNamed = (name: string): Topology => {
  const topology = TOPOLOGIES.find((one) => one.name === name);
  if (topology) return topology;
  const names = TOPOLOGIES.map((one) => one.name).join(", ");
  throw new UserError(`topology ${JSON.stringify(name)} is not known: it is one of ${names}`);
};

/** The arguments of a recorded stack. @throws UserError for a record of another version */
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
    settings,
    service,
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
    ...(settings === undefined ? {} : { settings }),
    ...(service === undefined ? {} : { service }),
    redis,
    ...(realtime === undefined ? {} : { realtime }),
    labels,
  };
};
