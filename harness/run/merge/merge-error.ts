/** Output of k6 that cannot be merged. The message names the files and the fix. */
export class MergeError extends Error {
  override name = "MergeError";
}
