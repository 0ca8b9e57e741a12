/** The exit codes of k6 that the double uses. */
export const EXIT = {
  thresholds: 99,
  setupTimeout: 100,
  teardownTimeout: 101,
  invalidConfig: 104,
  externalAbort: 105,
  scriptException: 107,
  scriptAborted: 108,
  markedFailed: 110,
  /** -1 in k6: bad flags, missing script. */
  usage: 255,
} as const;

/** Ends the command with a message on stderr and one of k6's exit codes. */
export class ExitError extends Error {
  override name = "ExitError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
