/**
 * `sse-lab down`: removes everything that `up` or an interrupted command left, on every platform.
 */
import type { PlatformName, SweepReport } from "../../platform/platform.ts";
import { formatNumberOf } from "../../report/format.ts";
import { sweepWorkFolders } from "../../run/results/work-folder.ts";
import { EXIT } from "../exit.ts";
import { loadPlatforms } from "../options/platforms.ts";

interface DownReport {
  platforms: Partial<Record<PlatformName, SweepReport>>;
  /** Temporary folders of interrupted runs that were removed. */
  workFolders: number;
  /** One line for each temporary folder that could not be removed. */
  problems: string[];
}

export async function down(options: { json?: true }): Promise<number> {
  const report = await removeAll();
  process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : render(report));
  const problems = problemsOf(report);
  for (const problem of problems) process.stderr.write(`could not clean up: ${problem}\n`);
  return problems.length > 0 ? EXIT.unknown : EXIT.valid;
}

async function removeAll(): Promise<DownReport> {
  const platforms: DownReport["platforms"] = {};
  for (const platform of await loadPlatforms()) {
    const onStep = (step: string): void => void process.stderr.write(`  ${step}\n`);
    platforms[platform.name] = await platform.downAll(onStep).catch((error: unknown) => ({
      swept: [],
      kept: [],
      owned: [],
      foreign: [],
      problems: [
        `platform ${platform.name}: ${error instanceof Error ? error.message : String(error)}`,
      ],
    }));
  }
  const { removed: workFolders, problems } = await sweepWorkFolders();
  return { platforms, workFolders, problems };
}

const problemsOf = ({ platforms, problems }: DownReport): string[] => [
  ...Object.values(platforms).flatMap((platform) => platform.problems),
  ...problems,
];

function render(report: DownReport): string {
  const { platforms, workFolders } = report;
  const reports = Object.values(platforms);
  const lines = [
    ...reports.flatMap(({ swept }) => swept.map(({ id, what }) => `removed ${id} (${what})`)),
    ...reports.flatMap(({ owned }) =>
      owned.map((id) => `left alone: ${id} belongs to a command that is still running`),
    ),
    ...reports.flatMap(({ foreign }) =>
      foreign.map(({ id, why }) => `left alone: ${id} belongs to ${why}; run sse-lab down there`),
    ),
    ...(workFolders > 0
      ? [`removed ${formatNumberOf(workFolders, "temporary folder")} of interrupted runs`]
      : []),
  ];
  if (lines.length === 0 && problemsOf(report).length === 0) lines.push("nothing was up");
  return lines.map((line) => `${line}\n`).join("");
}
