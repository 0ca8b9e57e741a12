/** A part of the Pulumi toolchain cannot be had: what is wrong in one line, and the ways out of it. */
export class ToolchainError extends Error {
  override name = "ToolchainError";
  readonly problem: string;
  readonly fix: string;

  constructor(problem: string, fix: string) {
    super(`${problem}. Fix: ${fix}`);
    this.problem = problem;
    this.fix = fix;
  }
}

/** One line of whatever was thrown. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().split("\n")[0] ?? "no reason given";
