/** Turns what the engine says into one line with a fix. */
import { UserError } from "../../common/user-error.ts";

const fixOf = (text: string): string => {
  if (/no space left|ENOSPC|disk quota/i.test(text)) {
    return (
      "free disk space where the engine keeps its images (docker system df shows what takes it), " +
      "then run the command again"
    );
  }
  if (
    /ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|socket hang up|is the docker daemon running/i.test(text)
  ) {
    return "check that the Docker engine runs (docker info), then run the command again";
  }
  return "run the command again, or set SSE_LAB_IMAGES to official or assembled";
};

/** An error that says that `what` failed; a UserError stays as it is. */
export const engineError = (what: string, error: unknown): UserError => {
  if (error instanceof UserError) return error;
  const { message, code } = error as NodeJS.ErrnoException;
  const text = [message.trim() || code || "no reason given"]
    .join("")
    .replaceAll(/\s*\n\s*/g, " | ");
  return new UserError(`${what} failed: ${text}`, fixOf(`${text} ${code ?? ""}`), { cause: error });
};

/** Runs `work`; an error then says that `what` failed. A cancellation stays as it is. */
export const withEngineError = async <T>(
  what: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw engineError(what, error);
  }
};
