import { sweepLeftovers } from "../platform/local/sweep-leftovers.ts";
import { sweepWorkFolders } from "../run/work-folder.ts";

/** What every command that runs topologies does first: what a killed one left is removed, and said. */
export async function sweep(): Promise<void> {
  const { swept, owned, problems } = await sweepLeftovers();
  for (const { id, processes } of swept) {
    process.stderr.write(
      `removed ${id}, left by a command that was killed (${processes} processes still ran)\n`,
    );
  }
  for (const id of owned) {
    process.stderr.write(
      `${id} belongs to another command that is still running: the two will disturb each other's figures\n`,
    );
  }
  for (const problem of problems) process.stderr.write(`could not clean up: ${problem}\n`);
  await sweepWorkFolders();
}
