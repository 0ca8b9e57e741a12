/** `sse-lab claims`: what measured figures say of the strategy's statements. */
import { PROJECT_ROOT, fromRoot } from "../../../common/paths.ts";
import { UserError } from "../../../common/user-error.ts";
import { judgeClaims } from "../../claims/claim.ts";
import { claimsInDetail, claimsTable, countSentence } from "../../claims/claims-markdown.ts";
import { CLAIMS } from "../../claims/claims.ts";
import { CLAIMS_BOUNCES, CLAIMS_SCENARIO, pairsLeftOut } from "../../claims/experiment.ts";
import { collectFacts } from "../../claims/facts.ts";
import { defaultResults } from "../../claims/find-results.ts";
import { checkState } from "../../platform/check-state.ts";
import type { Platform } from "../../platform/platform.ts";
import { createResultsFolder } from "../../run/results/results-folder.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { EXIT } from "../exit.ts";
import { choosePlatform } from "../options/choose-platform.ts";
import { readSummary } from "../running/read-summary.ts";
import { type Measurement, measureInto } from "./measure-into.ts";
import { migrationScenario } from "./migrate.ts";

interface ClaimsOptions {
  measure?: true;
  again?: true;
  detail?: true;
  json?: true;
}

/** @throws UserError if a result cannot be read, or there is none */
export async function claims(named: string[], options: ClaimsOptions): Promise<number> {
  if (options.again && !options.measure)
    throw new UserError("--again: needs --measure, which it repeats");
  if (options.measure) {
    if (named.length > 0)
      throw new UserError("--measure: writes its own results; name no others beside it");
    await measureMissing(options.again);
  }
  const paths = named.length > 0 ? named : defaultResults();
  if (paths.length === 0)
    throw new UserError(
      "there is no result to judge from",
      "measure with sse-lab claims --measure",
    );
  const results = await Promise.all(
    paths.map(async (path) => ({
      path,
      summary: await readSummary(named.length > 0 ? path : fromRoot(path)),
    })),
  );
  const judged = judgeClaims(CLAIMS, { results, facts: collectFacts() });
  const text = options.json
    ? JSON.stringify(
        judged.map(({ claim: { id, place, quote }, verdict, why, checks, caveats }) => ({
          ...{ id, place, quote, verdict, why },
          checks: checks.map(({ check, reading, state }) => ({ ...check, reading, state })),
          caveats: caveats.map(({ check, reading, state }) => ({ ...check, reading, state })),
        })),
        undefined,
        2,
      )
    : [
        countSentence(judged),
        claimsTable(judged),
        ...(options.detail ? [claimsInDetail(judged)] : []),
      ].join("\n\n");
  process.stdout.write(`${text}\n`);
  return EXIT.valid;
}

/** Each folder keeps what it holds of the same experiment. */
async function measureMissing(again: true | undefined): Promise<void> {
  // Host processes: the router of a migration changes while it runs.
  const { platform, reason } = await choosePlatform("local");
  checkState();
  const scenario = await claimsScenario(platform);
  const skipped = pairsLeftOut(scenario);
  await measure("results/claims", { scenario, platform, reason, again, skipped });
  const migration = await migrationScenario({}, platform);
  await measure("results/migrate", { scenario: migration, platform, reason, again });
}

async function measure(folder: string, asked: Measurement): Promise<void> {
  const path = fromRoot(folder);
  const results = await createResultsFolder(PROJECT_ROOT, path, new Date(), "anything");
  try {
    await measureInto(results, asked);
  } finally {
    await results.close();
  }
}

/** Pairs that do not fit are left out, so the bounces are not checked against the topologies. */
async function claimsScenario(platform: Platform): Promise<Scenario> {
  const scenario = await loadScenario({
    flags: { ...CLAIMS_SCENARIO, topologies: [...CLAIMS_SCENARIO.topologies], bounces: ["none"] },
    place: { platform: platform.name, bounceSeconds: () => 0, realtimeHosted: false },
  });
  return { ...scenario, bounces: [...CLAIMS_BOUNCES] };
}
