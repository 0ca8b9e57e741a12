/**
 * Script: `npx tsx harness/service/scripts/write-generated.ts [--check]` writes the JSON Schema of
 * service files, their keys in the docs, and the protocol of the lab's own server. With --check it
 * writes nothing and exits 1 if a file is out of date.
 */
import { format, resolveConfig } from "prettier";
import { updateGenerated } from "../../../common/files/update-generated.ts";
import { fromRoot } from "../../../common/paths.ts";
import { profilePath } from "../profiles/profiles.ts";
import { readServiceFile } from "../read-service-file.ts";
import { referenceTable } from "../schema/reference-table.ts";
import { serviceJsonSchema } from "../schema/service-json-schema.ts";

const SCRIPT = "harness/service/scripts/write-generated.ts";
const SCHEMA = "harness/service/service.schema.json";
const PAGE = "docs/your-service.md";
const PROTOCOL = "harness/load/portable/service/lab-protocol.ts";

await updateGenerated(SCHEMA, SCRIPT, async () => {
  const options = { ...(await resolveConfig(fromRoot(SCHEMA))), parser: "json" };
  return format(JSON.stringify(serviceJsonSchema()), options);
});

await updateGenerated(PAGE, SCRIPT, async (before) => {
  const start = "<!-- key-table:start -->";
  const end = "<!-- key-table:end -->";
  const [above = "", rest = ""] = before.split(start);
  const below = rest.split(end)[1] ?? "";
  const options = { ...(await resolveConfig(fromRoot(PAGE))), parser: "markdown" };
  return format(`${above}${start}\n\n${referenceTable()}\n\n${end}${below}`, options);
});

await updateGenerated(PROTOCOL, SCRIPT, async () => {
  const { protocol } = await readServiceFile(profilePath("lab"), {});
  const options = { ...(await resolveConfig(fromRoot(PROTOCOL))), parser: "typescript" };
  return format(
    `// From harness/service/profiles/lab.service.yaml, by ${SCRIPT}.
    import type { ServiceProtocol } from "./service-protocol.ts";

    /** The lab's own server. */
    export const LAB_PROTOCOL: ServiceProtocol = ${JSON.stringify(protocol)};`,
    options,
  );
});
