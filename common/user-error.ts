/** An error that the user can act on: the message says what is wrong, and how to fix it. */
export class UserError extends Error {
  readonly problem: string;
  /** The exact way out, if the problem does not name it. */
  readonly fix: string | undefined;

  constructor(problem: string, fix?: string, options?: ErrorOptions) {
    super(fix === undefined ? problem : `${problem}. Fix: ${fix}`, options);
    this.name = new.target.name;
    this.problem = problem;
    this.fix = fix;
  }
}

/** The first line of an error's message. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().split("\n")[0] ??
  "no reason given";
