/** What stands first in the report of a matrix of faults or of a migration. */
import type { Summary } from "../summary/summary.ts";
import { FAULT_LEGEND, faultSentences, faultTable } from "../tables/fault-table.ts";
import { migrationFindings } from "../findings/migration-findings.ts";
import { STEP_LEGEND, stepTable } from "../tables/step-table.ts";
import { type Block, bullets, explained, section } from "./markdown-blocks.ts";

/** Null if the summary has only a few kinds of bounces. */
const faultSection = (summary: Summary): Block =>
  section(
    "What survives what",
    bullets(faultSentences(summary)),
    explained(FAULT_LEGEND, faultTable(summary)),
  );

/** Null without a migration. */
const stepSection = ({ runs }: Summary): Block => {
  const [run] = runs.filter(({ steps }) => steps !== null);
  return run === undefined
    ? null
    : section(
        "The migration, step by step",
        bullets(migrationFindings(run)),
        explained(STEP_LEGEND, stepTable(run)),
      );
};

export const openingSections = (summary: Summary): Block[] => [
  faultSection(summary),
  stepSection(summary),
];
