/** Script: `npx tsx harness/report/scripts/write-schema.ts` brings summary.schema.json up to date after a change of summary.ts. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { SUMMARY_SCHEMA_FILE, summaryJsonSchema } from "../summary/summary-json-schema.ts";

const path = fileURLToPath(SUMMARY_SCHEMA_FILE);
const options = { ...(await resolveConfig(path)), parser: "json" };
writeFileSync(path, await format(JSON.stringify(summaryJsonSchema()), options));
