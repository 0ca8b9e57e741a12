/** `sse-lab faults`: every topology under every bounce that it allows. */
import { PROJECT_ROOT } from "../../../common/paths.ts";
import { UserError } from "../../../common/user-error.ts";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import type { BounceKind } from "../../history/observation.ts";
import { asksForHosted } from "../../platform/hosted-realtime.ts";
import { checkState } from "../../platform/check-state.ts";
import type { Platform } from "../../platform/platform.ts";
import { faultTable } from "../../report/tables/fault-table.ts";
import { createResultsFolder } from "../../run/results/results-folder.ts";
import { FAULT_BOUNCES, FAULT_SCENARIO, skippedPairs } from "../../scenario/fault-scenario.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { CHOICES, listProblem } from "../../scenario/ranges.ts";
import { type Scenario, selectTopologies } from "../../scenario/scenario.ts";
import { exitCodeOf } from "../exit.ts";
import { measureInto } from "./measure-into.ts";
import { checkPlatform, choosePlatform } from "../options/choose-platform.ts";

interface FaultsOptions {
  topologies?: string[];
  bounces?: string[];
  sessions?: number | string;
  seed?: number | string;
  platform: string;
  out: string;
  again?: true;
  json?: true;
}

/** @throws UserError for input that cannot be run, before anything is fetched or started */
export async function faults(options: FaultsOptions): Promise<number> {
  const platformName = checkPlatform(options.platform);
  const bounces = checkBounces(options.bounces);
  await scenarioOf(options, bounces, undefined);
  const { platform, reason } = await choosePlatform(platformName);
  const scenario = await scenarioOf(options, bounces, platform);
  checkState();
  const results = await createResultsFolder(PROJECT_ROOT, options.out, new Date(), "anything");
  try {
    const summary = await measureInto(results, {
      scenario,
      platform,
      reason,
      again: options.again,
      skipped: skippedPairs(selectTopologies(scenario), scenario.bounces, platform.name),
    });
    const text = options.json ? JSON.stringify(summary, undefined, 2) : (faultTable(summary) ?? "");
    process.stdout.write(`${text}\n`);
    process.stderr.write(`report: ${results.path}/report.md\n`);
    return exitCodeOf(summary);
  } finally {
    await results.close();
  }
}

function checkBounces(asked: string[] | undefined): readonly BounceKind[] {
  if (asked === undefined) return FAULT_BOUNCES;
  const problem = listProblem(asked, CHOICES.bounce);
  if (problem !== undefined) throw new UserError(`--bounces: ${problem}`);
  return asked as BounceKind[];
}

/** Pairs that do not fit are left out, so the bounces are not checked against the topologies. */
async function scenarioOf(
  { topologies, sessions, seed }: FaultsOptions,
  bounces: readonly BounceKind[],
  platform: Platform | undefined,
): Promise<Scenario> {
  const scenario = await loadScenario({
    flags: {
      ...FAULT_SCENARIO,
      topologies: topologies ?? TOPOLOGIES.map(({ name }) => name),
      bounces: ["none"],
      ...(sessions === undefined ? {} : { sessions }),
      ...(seed === undefined ? {} : { seed }),
    },
    place: { platform: platform?.name, bounceSeconds: () => 0, realtimeHosted: asksForHosted() },
  });
  return { ...scenario, bounces: [...bounces] };
}
