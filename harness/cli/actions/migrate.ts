/** `sse-lab migrate`: the strategy's migration on one live service, step by step, and back. */
import { PROJECT_ROOT } from "../../../common/paths.ts";
import { UserError } from "../../../common/user-error.ts";
import { MIGRATION_TOPOLOGY } from "../../../infra/topologies.ts";
import { notOn } from "../../nemesis/kinds.ts";
import { checkState } from "../../platform/check-state.ts";
import type { Platform } from "../../platform/platform.ts";
import { renderSteps } from "../../report/render/report-terminal.ts";
import { createResultsFolder } from "../../run/results/results-folder.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { exitCodeOf } from "../exit.ts";
import { checkPlatform, choosePlatform } from "../options/choose-platform.ts";
import { MIGRATE_DEFAULTS, MIGRATE_KEYS } from "../options/migrate-scenario.ts";
import { wantsColour } from "../output/colour.ts";
import { measureInto } from "./measure-into.ts";

interface MigrateOptions extends Partial<Record<(typeof MIGRATE_KEYS)[number], unknown>> {
  platform: string;
  out?: string;
  json?: true;
}

/** @throws UserError for input that cannot be run, before anything is fetched or started */
export async function migrate(options: MigrateOptions): Promise<number> {
  const asked = checkPlatform(options.platform);
  await migrationScenario(options, undefined);
  const { platform, reason } = await choosePlatform(asked);
  const refusal = notOn("migration", platform.name);
  if (refusal !== undefined) throw new UserError(refusal, "use --platform local");
  const scenario = await migrationScenario(options, platform);
  checkState();
  const results = await createResultsFolder(PROJECT_ROOT, options.out, new Date());
  try {
    const summary = await measureInto(results, { scenario, platform, reason });
    const text = options.json
      ? JSON.stringify(summary, undefined, 2)
      : renderSteps(summary, {
          colour: wantsColour(process.stdout),
          ...(process.stdout.columns > 0 ? { columns: process.stdout.columns } : {}),
        });
    process.stdout.write(`${text}\n`);
    process.stderr.write(`report: ${results.path}/report.html, and report.md beside it\n`);
    return exitCodeOf(summary);
  } finally {
    await results.close();
  }
}

/** The load is checked as that of a topology that scenarios know. */
export async function migrationScenario(
  options: Pick<MigrateOptions, (typeof MIGRATE_KEYS)[number]>,
  platform: Platform | undefined,
): Promise<Scenario> {
  const given = MIGRATE_KEYS.flatMap((key) =>
    options[key] === undefined ? [] : [[key, options[key]] as const],
  );
  const scenario = await loadScenario({
    flags: {
      ...MIGRATE_DEFAULTS,
      ...Object.fromEntries(given),
      topologies: ["phase2-sticky"],
      bounces: ["none"],
    },
    place: { platform: platform?.name, bounceSeconds: () => 0, realtimeHosted: false },
  });
  return { ...scenario, topologies: [MIGRATION_TOPOLOGY.name], bounces: ["migration"] };
}
