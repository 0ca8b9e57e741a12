import { rm, rmdir } from "node:fs/promises";

/**
 * Removes what a deployment put into its work folder, then the folder itself when nothing else is
 * in it.
 */
export const removePaths = async (workDir: string, ownPaths: readonly string[]): Promise<void> => {
  // A process that was just ended may have created a file meanwhile: hence the retries.
  await Promise.all(
    ownPaths.map((path) => rm(path, { recursive: true, force: true, maxRetries: 3 })),
  );
  await rmdir(workDir).catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(code)) throw error;
  });
};
