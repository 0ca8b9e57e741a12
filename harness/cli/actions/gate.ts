/** `sse-lab gate`: holds a load test against limits, and against the result of a base. */
import { existsSync } from "node:fs";
import { fromRoot } from "../../../common/paths.ts";
import { readText } from "../../../common/files/read-text.ts";
import { UserError } from "../../../common/user-error.ts";
import { renderGate } from "../../report/gate/gate-markdown.ts";
import { judgeGate } from "../../report/gate/judge-gate.ts";
import { parseThresholds, type Thresholds } from "../../report/gate/thresholds.ts";
import { EXIT } from "../exit.ts";
import { readSummary } from "../running/read-summary.ts";

const FILE = "sse-lab.thresholds.yaml";

const EXIT_OF = {
  passed: EXIT.valid,
  failed: EXIT.invalid,
  "not judged": EXIT.unknown,
} as const;

interface GateOptions {
  base?: string;
  thresholds?: string;
  json?: true;
}

/** @throws UserError when a file is no result or no file of limits */
export async function gate(path: string, options: GateOptions): Promise<number> {
  const thresholds = await readThresholds(options.thresholds);
  const summary = await readSummary(path);
  const base = options.base === undefined ? null : await readSummary(options.base);
  const judged = judgeGate(summary, thresholds, base);
  const text = options.json
    ? `${JSON.stringify({ ...judged, rows: judged.rows.map(shortRow) }, undefined, 2)}\n`
    : renderGate(judged, summary);
  process.stdout.write(text);
  return EXIT_OF[judged.word];
}

const shortRow = ({
  group: { topology, bounce },
  ...row
}: ReturnType<typeof judgeGate>["rows"][number]) => ({ topology, bounce, ...row });

async function readThresholds(named: string | undefined): Promise<Thresholds> {
  const path = named ?? (existsSync(FILE) ? FILE : fromRoot(FILE));
  const text = await readText(path).catch((error: unknown) => {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `--thresholds ${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? ""}); ` +
        `name a file such as ${fromRoot(FILE)}`,
    );
  });
  return parseThresholds(text, path);
}
