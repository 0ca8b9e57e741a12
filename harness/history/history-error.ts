import { UserError } from "../../common/user-error.ts";

/** A history that cannot be trusted to be whole: a line that is no observation, or a file that ends too early. */
export class HistoryError extends UserError {
  readonly path: string;
  /** 1-based line of the uncompressed history; of a cut file, the line that could not be read to its end. */
  readonly line: number;
  readonly reason: string;

  constructor(path: string, line: number, reason: string, options?: ErrorOptions) {
    super(`${path}: line ${line}: ${reason}`, undefined, options);
    this.path = path;
    this.line = line;
    this.reason = reason;
  }
}
