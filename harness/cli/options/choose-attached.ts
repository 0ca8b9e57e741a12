/** `--attach TOPOLOGY`: load on what `sse-lab up` left running. */
import { UserError } from "../../../common/user-error.ts";
import type { BounceKind } from "../../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../../nemesis/kinds.ts";
import { asksForHosted } from "../../platform/hosted-realtime.ts";
import type { FoundDeployment, RunningDeployment } from "../../platform/platform.ts";
import { attachedPlatform, refuseUnwell } from "../../platform/running/attached-platform.ts";
import { flagOf } from "../../scenario/load-scenario.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { findTheOne, knownTopology } from "../running/running-deployment.ts";
import type { PlatformChoice } from "./choose-platform.ts";

export interface AttachFlags {
  attach?: string;
  topologies?: unknown;
  service?: string;
  target?: string;
}

/** @throws UserError for flags that do not go together, and for an unknown topology */
export function checkAttachFlags(flags: AttachFlags): void {
  const { attach } = flags;
  if (attach === undefined) return;
  const why = {
    topologies: "it loads the one topology that is up",
    service: "what is up is the lab's own server",
    target: "the one is a deployment of the lab, the other one of somebody else",
  };
  for (const key of ["topologies", "service", "target"] as const)
    if (flags[key] !== undefined)
      throw new UserError(`--attach ${attach} with --${key}: ${why[key]}; remove one of the two`);
  knownTopology(`--attach ${attach}`, attach);
}

/** @throws UserError if nothing of that name is up, or a part of it does not answer */
export async function findAttached(attach: string, platform: string): Promise<FoundDeployment> {
  const what = `--attach ${attach}`;
  const found = await findTheOne(what, attach, platform);
  await refuseUnwell(found.deployment, what);
  return found;
}

/** It keeps what it was started with. */
export const attachedScenario = ({ instances }: RunningDeployment, asked: Scenario) => ({
  topologies: asked.topologies,
  ...(instances.length === 1 ? {} : { replicas: instances.length }),
});

/** @throws UserError for a scenario that asks for another deployment than the one that is up */
export function refuseOtherThanRunning(asked: Scenario, running: RunningDeployment): void {
  const { id, instances, settings } = running;
  const { servers, realtime } = settings;
  const is: Partial<Record<keyof Scenario, unknown>> = {
    replicas: instances.length,
    redis: settings.redis,
    retryMs: Number(servers["RETRY_MS"]),
    heartbeat: Number(servers["HEARTBEAT_MS"]) / 1000,
    // Absent of what an earlier version brought up.
    ...(servers["PIPELINE_LEASE_MS"] && { leaseMs: Number(servers["PIPELINE_LEASE_MS"]) }),
    ...(realtime && {
      realtimePlan: realtime.plan,
      realtimePublish: realtime.publish,
      catchUp: realtime.catchUp,
    }),
  };
  const others = Object.entries(is).flatMap(([key, value]) => {
    const wanted = asked[key as keyof Scenario] as string | number | boolean | undefined;
    return wanted === undefined || wanted === value
      ? []
      : [`${flagOf(key)} ${String(wanted)}: ${id} runs with ${String(value)}`];
  });
  if (others.length > 0)
    throw new UserError(
      others.join("\n"),
      "a deployment keeps what it was started with; leave this out, or load a new one with " +
        "--topologies in the place of --attach",
    );
  const spare = asked.bounces.find(
    (kind: BounceKind) => KINDS_OF_BOUNCE[kind].bringsUp === "spare",
  );
  if (spare !== undefined)
    throw new UserError(
      `--bounces ${spare}: needs one instance more than ${id} has`,
      "leave it out, or load a new deployment with --topologies in the place of --attach",
    );
  if (realtime !== undefined && realtime.hosted !== asksForHosted())
    throw new UserError(
      realtime.hosted
        ? `${id} uses a hosted Realtime, and REALTIME_URL is not set`
        : `${id} runs a Realtime of its own, and REALTIME_URL names another`,
      realtime.hosted ? "set it as for sse-lab up" : "unset it",
    );
}

export const attachTo = (found: FoundDeployment): PlatformChoice => ({
  platform: attachedPlatform(found, (line) => void process.stderr.write(`${line}\n`)),
  reason: `attached to ${found.deployment.id}, up since ${found.deployment.startedAt}`,
});
