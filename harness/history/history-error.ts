import { UserError } from "../../common/user-error.ts";

/** A history with an invalid line or a missing end. */
export class HistoryError extends UserError {
  readonly path: string;
  /** 1-based line of the uncompressed history; in a truncated file, the incomplete line. */
  readonly line: number;
  readonly reason: string;

  constructor(path: string, line: number, reason: string, options?: ErrorOptions) {
    super(`${path}: line ${line}: ${reason}`, undefined, options);
    this.path = path;
    this.line = line;
    this.reason = reason;
  }
}
