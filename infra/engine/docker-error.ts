/** Something of Docker or Pulumi does not do: what is wrong, and the exact way out of it. */
export class DockerError extends Error {
  override name = "DockerError";
  readonly problem: string;
  readonly fix: string;

  constructor(problem: string, fix: string, options?: ErrorOptions) {
    super(`${problem}. Fix: ${fix}`, options);
    this.problem = problem;
    this.fix = fix;
  }
}
