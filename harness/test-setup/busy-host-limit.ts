/** Test set-up: a suite that skipped many measurements has measured little, so it fails. */
import type { TestProject } from "vitest/node";

/** How the note of a skip begins if the host was too busy to judge a run. */
export const BUSY_NOTE = "host busy:";

const LIMIT = 2;

/** Returns the teardown, which counts the skips after the last test. */
export function setup({ vitest }: TestProject): () => void {
  return () => {
    const busy = vitest.state
      .getTestModules()
      .flatMap((module) => [...module.children.allTests("skipped")])
      .filter((test) => noteOf(test.result()).startsWith(BUSY_NOTE));
    if (busy.length <= LIMIT) return;
    const names = busy.map((test) => `  ${test.fullName}\n    ${noteOf(test.result())}`);
    process.stderr.write(
      `${busy.length} tests were skipped on a busy host; at most ${LIMIT} may be. ` +
        `Run them on a quiet host:\n${names.join("\n")}\n`,
    );
    process.exitCode = 1;
  };
}

const noteOf = (result: { note?: string | undefined } | object): string =>
  "note" in result && typeof result.note === "string" ? result.note : "";
