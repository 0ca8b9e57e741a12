/** `sse-lab report` and `sse-lab compare`: everything that needs no topology, only results. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { renderComparisonMarkdown } from "../../report/compare-reports/compare-markdown.ts";
import { compareSummaries } from "../../report/compare-reports/compare-summaries.ts";
import { parseSummary, type Summary } from "../../report/summary/summary.ts";
import { rebuildReport } from "../../run/results/rebuild-report.ts";
import { EXIT, exitCodeOf } from "../exit.ts";
import { UserError } from "../../../common/user-error.ts";
import { printSummary } from "../output/print-summary.ts";

export function addReport(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("report")
    .argument("<dir>", "folder of a loadtest, e.g. results/latest, or of what k6 wrote elsewhere (see below)")
    .summary("rebuild summary, report and junit.xml offline from the raw history")
    .description(
      "Judges history.ndjson.gz again and writes summary.json, report.md and junit.xml anew. Same history, same bytes.",
    )
    .option("--json", "print summary.json instead of the table")
    .addHelpText("after", MERGING)
    .action(async (dir: string, options: { json?: true }) => {
      const summary = await rebuildReport(dir);
      printSummary(summary, options.json);
      process.stderr.write(`report: ${join(dir, "report.md")}\n`);
      setExitCode(exitCodeOf(summary));
    });
  program
    .command("compare")
    .argument("<a>", "folder or summary.json of the earlier comparison")
    .argument("<b>", "folder or summary.json of the later one")
    .summary("what changed from one comparison to another")
    .description("Exit code: 0 no regression beyond the spread, 1 a regression, 2 nothing to compare.")
    .option("--json", "print the comparison as JSON")
    .action(async (a: string, b: string, options: { json?: true }) => {
      const comparison = compareSummaries(await readSummary(a), await readSummary(b));
      const text = options.json
        ? JSON.stringify(comparison, undefined, 2)
        : renderComparisonMarkdown(comparison);
      process.stdout.write(`${text}\n`);
      if (comparison.matched.length === 0) setExitCode(EXIT.unknown);
      else setExitCode(comparison.regressions.length > 0 ? EXIT.invalid : EXIT.valid);
    });
}

const MERGING = `
Load that k6 made elsewhere, by the scripts of loadtests/ on one machine or several:
  copy into a new folder, then name it here
    *.log, *.ndjson            what each k6 process wrote to its console (k6 run --console-output FILE, or its log),
                               in any --log-format; all processes of one run (--execution-segment)
    ledgers/<instance>*.ndjson what the instances wrote into their LEDGER_DIR; without them nobody knows whether what
                               never arrived was published, and the verdict is unknown
    bounces.ndjson             what sse-lab bounce --record wrote, where the topology was bounced meanwhile
  The first time, history.ndjson.gz and manifest.json are made of them; times are converted to the instances' clock.
  Clocks that contradict each other, sessions without an end and lines that are cut make the verdict unknown.

Exit code: 0 all verdicts valid, 1 some invalid, 2 some unknown, or it could not be rebuilt.`;

async function readSummary(path: string): Promise<Summary> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, "summary.json") : path;
  try {
    return parseSummary(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === "ENOENT"
        ? `${file} is not there: name a folder of a loadtest or a summary.json`
        : `${file}: ${(error as Error).message}`,
    );
  }
}
