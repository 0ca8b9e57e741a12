import type { Summary } from "../summary/summary.ts";
import { FAULT_LEGEND, faultSentences, faultTable } from "../tables/fault-table.ts";
import { type Block, bullets, explained, section } from "./markdown-blocks.ts";

/** Null if the summary has only a few kinds of bounces. */
export const faultSection = (summary: Summary): Block =>
  section(
    "What survives what",
    bullets(faultSentences(summary)),
    explained(FAULT_LEGEND, faultTable(summary)),
  );
