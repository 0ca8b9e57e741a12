/**
 * A plan that cannot be run, with every problem named: k6 prints it and stops before anything
 * starts.
 */
export class PlanError extends Error {
  readonly problems: readonly string[];

  /** @param problems one line each */
  constructor(problems: readonly string[]) {
    super(`the script cannot be run as asked:\n${problems.join("\n")}`);
    this.name = "PlanError";
    this.problems = problems;
  }
}
