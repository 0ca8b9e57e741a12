import { sweepWorkFolders } from "../run/results/work-folder.ts";
import { loadPlatforms } from "./options/platforms.ts";

const warn = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Removes what killed commands left, on every platform, and reports it. Every command that starts
 * topologies calls it first.
 */
export async function sweep(): Promise<void> {
  for (const platform of await loadPlatforms()) {
    try {
      const { swept, owned, problems } = await platform.sweepLeftovers();
      for (const { id, what } of swept)
        warn(`removed ${id}, left by a command that was killed (${what})`);
      for (const id of owned) {
        warn(
          `${id} belongs to another command that is still running: the two disturb each ` +
            "other's figures",
        );
      }
      for (const problem of problems) warn(`could not clean up: ${problem}`);
    } catch (error) {
      // The user may not need this platform.
      warn(
        `could not look for leftovers of platform ${platform.name}: ${(error as Error).message}`,
      );
    }
  }
  for (const problem of (await sweepWorkFolders()).problems) warn(`could not clean up: ${problem}`);
}
