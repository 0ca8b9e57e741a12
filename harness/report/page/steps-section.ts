/** What each step of a migration cost. */
import { DASH } from "../format.ts";
import { migrationFindings } from "../findings/migration-findings.ts";
import { STEP_COLUMNS, STEP_LEGEND } from "../tables/step-table.ts";
import { dataTable, figure, section, words } from "./blocks.ts";
import { html, type Html } from "./html.ts";
import { type PageData, pathIn } from "./page-data.ts";

/** Null without a migration. */
export const stepsSection = ({ summary }: PageData): Html | null => {
  const [run] = summary.runs.filter(({ steps }) => steps !== null);
  if (run?.steps == null) return null;
  const at = pathIn(summary, run);
  const table = dataTable({
    caption: "steps of the migration",
    headings: STEP_COLUMNS.map(({ heading }) => heading),
    rows: run.steps.map((step, index) =>
      STEP_COLUMNS.map(({ cell, path, align }) => {
        if (align === "l") return words(cell(step));
        const text = cell(step);
        return path === undefined || text === DASH
          ? figure(text)
          : figure(text, at(`steps.${index}.${path}`));
      }),
    ),
  });
  return section(
    "steps",
    "The migration, step by step",
    html`<ul>
        ${migrationFindings(run).map((sentence) => html`<li>${sentence}</li>`)}
      </ul>
      <p>${STEP_LEGEND}</p>
      ${table}`,
  );
};
