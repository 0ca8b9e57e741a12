/** `sse-lab storm`: the reconnect storms of several load tests, side by side. */
import { UserError } from "../../../common/user-error.ts";
import { stormTable } from "../../report/compare-reports/storm-table.ts";
import { EXIT } from "../exit.ts";
import { readSummary } from "../running/read-summary.ts";

/** @throws UserError if one of them is no result of a load test, or none has a cut stream */
export async function storm(paths: readonly string[]): Promise<number> {
  const results = new Map<string, Awaited<ReturnType<typeof readSummary>>>();
  for (const path of paths) results.set(path, await readSummary(path));
  const cut = [...results.values()].some(({ runs }) =>
    runs.some(({ deploy }) => (deploy?.away.cut ?? 0) > 0),
  );
  if (!cut)
    throw new UserError(
      `${paths.join(", ")}: no stream was cut, so there is no storm`,
      "run them with a bounce that cuts streams, e.g. --bounces recreate",
    );
  process.stdout.write(`${stormTable(results)}\n`);
  return EXIT.valid;
}
