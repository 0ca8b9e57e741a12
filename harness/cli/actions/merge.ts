/** `sse-lab merge`: judges the shards of a load as one run. */
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../common/paths.ts";
import type { LedgerFile } from "../../platform/platform.ts";
import { findLedgers, readBounces } from "../../run/merge/remote-evidence.ts";
import { createResultsFolder } from "../../run/results/results-folder.ts";
import { rebuildReport } from "../../run/results/rebuild-report.ts";
import { mergeShards } from "../../run/shards/merge-shards.ts";
import { checkShards, openShard } from "../../run/shards/shard-file.ts";
import { exitCodeOf } from "../exit.ts";
import { interruptible } from "../interrupt.ts";
import { printSummary } from "../output/print-summary.ts";
import { findAllRunning } from "../running/running-deployment.ts";

interface MergeOptions {
  evidence?: string;
  out?: string;
  json?: true;
}

/** @throws UserError unless the files are the shards of one load, all and each once */
export async function merge(shards: readonly string[], options: MergeOptions): Promise<number> {
  // Refused before a folder is made.
  const [{ header }] = checkShards(await Promise.all(shards.map(openShard)));
  const { evidence: from } = options;
  const evidence = from === undefined ? [] : await readBounces(from);
  const results = await createResultsFolder(PROJECT_ROOT, options.out, new Date());
  try {
    const write = (ledgers: readonly LedgerFile[] | undefined): Promise<void> =>
      mergeShards({ shards, evidence, ledgers, dir: results.path });
    if (from === undefined) await withLedgersOf(header.plan.url, write);
    else await write(await findLedgers(from));
    const summary = await rebuildReport(results.path);
    await results.publish();
    printSummary(summary, options.json);
    process.stderr.write(`report: ${join(results.path, "report.html")}, and report.md beside it\n`);
    return exitCodeOf(summary);
  } finally {
    await results.close();
  }
}

/** Those of the deployment of this checkout with that router, if it is up. */
async function withLedgersOf(
  url: string,
  use: (ledgers: readonly LedgerFile[] | undefined) => Promise<void>,
): Promise<void> {
  const found = (await findAllRunning()).find(({ deployment }) => deployment.url === url);
  if (found === undefined) return use(undefined);
  await interruptible(async (signal) => {
    const deployment = await found.platform.attach(found.deployment.id, { signal });
    try {
      await use(await deployment.ledgers());
    } finally {
      await deployment.detach();
    }
  });
}
