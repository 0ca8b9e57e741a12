/** Measures a scenario into a folder, and goes on with what the folder holds of it already. */
import pc from "picocolors";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { plural } from "../../../common/portable/plural.ts";
import { hostedRealtime } from "../../platform/hosted-realtime.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Summary } from "../../report/summary/summary.ts";
import { readEarlier } from "../../run/results/rebuild-report.ts";
import type { ResultsFolder } from "../../run/results/results-folder.ts";
import type { SkippedPair } from "../../scenario/fault-scenario.ts";
import { realtimeSettings, type Scenario, selectTopologies } from "../../scenario/scenario.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { interruptible } from "../interrupt.ts";
import { wantsColour } from "../output/colour.ts";

export interface Measurement {
  scenario: Scenario;
  platform: Platform;
  /** Why this platform, in one line. */
  reason: string;
  /** Replaces what the folder holds. */
  again?: true | undefined;
  /** Given for a matrix of faults. */
  skipped?: readonly SkippedPair[];
}

/** Files of an earlier result, which `again` replaces. */
const MADE = ["history.ndjson.gz", "manifest.json", "summary.json"];
const REPORTS = ["report.md", "report.html", "series.json", "junit.xml"];

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** @throws UserError if the folder holds another comparison; what the platform throws */
export async function measureInto(results: ResultsFolder, asked: Measurement): Promise<Summary> {
  const { scenario, platform, reason, again, skipped } = asked;
  const earlier = again ? undefined : await readEarlier(results.path, scenario);
  if (earlier === undefined)
    for (const file of [...MADE, ...REPORTS]) await rm(join(results.path, file), { force: true });
  else
    say(`${results.path} holds ${plural(earlier.runs.length, "run")}; --again measures them again`);
  const topologies = selectTopologies(scenario);
  const hosted = topologies.some(usesRealtime) ? hostedRealtime() : undefined;
  const { sweep } = await import("../sweep.ts");
  await sweep();
  say(`platform ${platform.name}: ${reason}`);
  const realtime = realtimeSettings(scenario, hosted);
  await interruptible((signal) => platform.prepare({ topologies, realtime, onStep: say, signal }));
  const [{ runComparison }, { createLiveDisplay }] = await Promise.all([
    import("../../run/run-comparison.ts"),
    import("../output/live-display.ts"),
  ]);
  const display = createLiveDisplay(scenario, pc.createColors(wantsColour(process.stderr)));
  return interruptible((signal) =>
    runComparison({
      scenario,
      platform,
      hosted,
      results,
      ...(skipped === undefined ? {} : { skipped }),
      earlier,
      commandLine: ["sse-lab", ...process.argv.slice(2)],
      listener: display,
      signal,
    }),
  ).finally(() => display.close());
}
