/** `sse-lab down`: removes everything that `up` or an interrupted command left, on every platform. */
import type { Command } from "commander";
import type { PlatformName, SweepReport } from "../../platform/platform.ts";
import { sweepWorkFolders } from "../../run/results/work-folder.ts";
import { EXIT } from "../exit.ts";
import { loadPlatforms } from "../options/platforms.ts";

interface DownReport {
  platforms: Partial<Record<PlatformName, SweepReport>>;
  /** Work folders of interrupted runs that were removed. */
  workFolders: number;
}

export function addDown(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("down")
    .summary("remove everything that up or an interrupted run left")
    .description(
      "Ends every process and container of this checkout's topologies and removes their files; nothing else is touched.",
    )
    .option("--json", "print what was removed as JSON")
    .action(async (options: { json?: true }) => {
      const report = await down();
      process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : render(report));
      const reports = Object.values(report.platforms);
      for (const problem of reports.flatMap(({ problems }) => problems)) {
        process.stderr.write(`could not clean up: ${problem}\n`);
      }
      setExitCode(reports.some(({ problems }) => problems.length > 0) ? EXIT.unknown : EXIT.valid);
    });
}

async function down(): Promise<DownReport> {
  const platforms: DownReport["platforms"] = {};
  for (const platform of await loadPlatforms()) {
    const onStep = (step: string): void => void process.stderr.write(`  ${step}\n`);
    platforms[platform.name] = await platform.downAll(onStep).catch((error: unknown) => ({
      swept: [],
      kept: [],
      owned: [],
      foreign: [],
      problems: [`platform ${platform.name}: ${error instanceof Error ? error.message : String(error)}`],
    }));
  }
  return { platforms, workFolders: await sweepWorkFolders() };
}

function render({ platforms, workFolders }: DownReport): string {
  const reports = Object.values(platforms);
  const lines = [
    ...reports.flatMap(({ swept }) => swept.map(({ id, what }) => `removed ${id} (${what})`)),
    ...reports.flatMap(({ owned }) =>
      owned.map((id) => `left alone: ${id} belongs to a command that is still running`),
    ),
    ...reports.flatMap(({ foreign }) =>
      foreign.map((id) => `left alone: ${id} is of another host or container; run sse-lab down there`),
    ),
    ...(workFolders > 0 ? [`removed ${workFolders} work folder(s) of interrupted runs`] : []),
  ];
  const failed = reports.some(({ problems }) => problems.length > 0);
  if (lines.length === 0 && !failed) lines.push("nothing was up");
  return lines.map((line) => `${line}\n`).join("");
}
