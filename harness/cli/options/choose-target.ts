/** `--target URL`: a deployment that somebody else runs, in the place of topologies. */
import { UserError } from "../../../common/user-error.ts";
import { TARGET_TOPOLOGY } from "../../../infra/topologies.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Scenario } from "../../scenario/scenario.ts";

export interface TargetFlags {
  service?: string;
  target?: string;
  bounceCommand?: string;
  bounceSeconds?: unknown;
  iOwnThisTarget?: true;
  maxSessions?: unknown;
  maxRate?: unknown;
  skipCheck?: true;
  engine?: string;
  topologies?: unknown;
  bounces?: unknown;
}

const BOUNCE_S = 60;

/** @throws UserError for flags that do not go together */
export function checkTargetFlags(flags: TargetFlags): void {
  const { service, target, bounceCommand, topologies, bounces } = flags;
  const alone = (
    [
      "bounceCommand",
      "bounceSeconds",
      "iOwnThisTarget",
      "maxSessions",
      "maxRate",
      "skipCheck",
    ] as const
  ).find((name) => flags[name] !== undefined);
  if (target === undefined) {
    if (alone !== undefined)
      throw new UserError(`--${kebab(alone)}: is for --target only; remove it, or give --target`);
    return;
  }
  if (service === undefined)
    throw new UserError(
      "--target: needs --service, the file that says how the target streams",
      "make one with: npx sse-lab service init",
    );
  if (flags.engine === "k6")
    throw new UserError("--engine k6: loads topologies of the lab only", "use --engine native");
  if (topologies !== undefined)
    throw new UserError("--topologies: a target has its own topology; remove one of the two");
  const list = Array.isArray(bounces) ? bounces : [];
  if (list.includes("command") && bounceCommand === undefined)
    throw new UserError("--bounces command: needs --bounce-command, the shell line to run");
}

const kebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** A number that a flag gave; undefined without the flag. */
export function numberOf(flag: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new UserError(`--${flag} ${JSON.stringify(value)}: give a number above 0`);
}

/** The flags of the scenario for a target: one topology, and its bounce if there is a command. */
export const targetScenario = ({
  bounceCommand,
  bounces,
}: TargetFlags): Record<string, unknown> => ({
  topologies: ["phase0"],
  bounces: bounces ?? (bounceCommand === undefined ? ["none"] : ["none", "command"]),
});

/** In the place of the topology that stood for it while the scenario was checked. */
export const onTarget = (scenario: Scenario): Scenario => ({
  ...scenario,
  topologies: [TARGET_TOPOLOGY.name],
});

/** @throws UserError for a URL or a load that the lab does not send there */
export async function targetPlatform(flags: TargetFlags, scenario: Scenario): Promise<Platform> {
  const [{ checkTarget }, { createTargetPlatform }] = await Promise.all([
    import("../../platform/target/target-url.ts"),
    import("../../platform/target/target-platform.ts"),
  ]);
  const url = checkTarget(flags.target ?? "", scenario, {
    isMine: flags.iOwnThisTarget === true,
    maxSessions: numberOf("max-sessions", flags.maxSessions),
    maxRate: numberOf("max-rate", flags.maxRate),
  });
  return createTargetPlatform({
    url,
    bounceCommand: flags.bounceCommand,
    bounceSeconds: numberOf("bounce-seconds", flags.bounceSeconds) ?? BOUNCE_S,
  });
}
