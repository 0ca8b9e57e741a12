import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readText } from "../../../common/files/read-text.ts";
import { UserError } from "../../../common/user-error.ts";
import { parseSummary, type Summary } from "../../report/summary/summary.ts";

/**
 * The summary of a load test.
 * @param path its folder, or the `summary.json` in it
 * @throws UserError when it is none
 */
export async function readSummary(path: string): Promise<Summary> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, "summary.json") : path;
  try {
    return parseSummary(JSON.parse(await readText(file)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === "ENOENT"
        ? `${file} is not there: name the folder of a load test, or a summary.json`
        : `${file}: ${(error as Error).message}`,
    );
  }
}
