/**
 * Script: `npx tsx harness/report/scripts/write-schema.ts [--check]` writes summary.schema.json
 * from summary.ts. With --check it writes nothing and exits 1 if the file is out of date.
 */
import { format, resolveConfig } from "prettier";
import { fromRoot } from "../../../common/paths.ts";
import { summaryJsonSchema } from "../summary/summary.ts";
import { updateGenerated } from "../../../common/files/update-generated.ts";

const SCHEMA = "harness/report/summary.schema.json";

await updateGenerated(SCHEMA, "harness/report/scripts/write-schema.ts", async () => {
  const options = { ...(await resolveConfig(fromRoot(SCHEMA))), parser: "json" };
  return format(JSON.stringify(summaryJsonSchema()), options);
});
