/** The section of report.md on a service without a ledger. */
import { type Block, explained, section } from "../render/markdown-blocks.ts";
import type { RunGroup } from "../summary/run-group.ts";
import { groupColumns, stuckTable, tableOf } from "../tables/markdown-tables.ts";
import {
  MISSED_COLUMNS,
  MISSED_LEGEND,
  WITHOUT_LEDGER_LEGEND,
  withoutLedgerColumns,
} from "./columns.ts";
import { lacksLedger } from "./sentences.ts";

/** Null with ledgers. */
export const withoutLedgerSection = (all: readonly RunGroup[]): Block => {
  const groups = all.filter(lacksLedger);
  const missing = groups.filter(({ measured }) => measured.some(({ missed }) => missed > 0));
  return section(
    "What arrived",
    explained(WITHOUT_LEDGER_LEGEND, tableOf(groups, withoutLedgerColumns(all))),
    explained(MISSED_LEGEND, tableOf(missing, [...groupColumns, ...MISSED_COLUMNS])),
    explained("Streams that never received their last event, by reason:", stuckTable(groups)),
  );
};
