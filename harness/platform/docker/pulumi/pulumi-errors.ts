/** Turns errors of Pulumi, its Docker provider and the engine into one line with a fix. */
import { UserError } from "../../../../common/user-error.ts";

/** A port of 127.0.0.1 was taken between its choice and its use. */
export class PortTakenError extends UserError {}

/** Another command's `down` removed an image between its preparation and its use. */
export class ImageGoneError extends UserError {}

interface Known {
  said: RegExp;
  error: (stack: string, detail: string, options: ErrorOptions) => UserError;
}

const known = (
  said: RegExp,
  problem: (stack: string, detail: string) => string,
  fix: (stack: string) => string,
): Known => ({
  said,
  error: (stack, detail, options) => new UserError(problem(stack, detail), fix(stack), options),
});

const KNOWN: readonly Known[] = [
  {
    said: /port is already allocated|address already in use/i,
    error: (stack, detail, options) =>
      new PortTakenError(
        `${stack}: a port is taken: ${detail}`,
        "end the program that listens on it, then run the command again " +
          "(a new up chooses other ports)",
        options,
      ),
  },
  known(
    /incorrect passphrase|passphrase must be set|unable to (?:read|decrypt).*passphrase|failed to decrypt/i,
    (stack) => `the passphrase of ${stack} is not the one that its state was written with`,
    () =>
      "set SSE_LAB_PULUMI_PASSPHRASE to that one (default: empty; with SSE_LAB_PULUMI_BACKEND, " +
      "PULUMI_CONFIG_PASSPHRASE counts too), or run sse-lab down, which needs none",
  ),
  known(
    /is already in use by container/i,
    (stack, detail) => `a container of ${stack} has a name that is taken in this engine: ${detail}`,
    () => "remove the container that the message names, or run sse-lab down in its checkout",
  ),
  known(
    /no space left on device/i,
    (stack, detail) => `${stack}: a disk is full: ${detail}`,
    () =>
      "free some space (docker system df says what the engine holds), then run the command again",
  ),
  known(
    /Cannot connect to the Docker daemon|error during connect|error pinging Docker server|connect: (?:no such file|connection refused)|docker\.sock.*(?:EOF|reset|refused)|unexpected EOF/i,
    (stack, detail) => `the Docker engine went away while ${stack} was being changed: ${detail}`,
    () => "start it again; the next sse-lab command removes what is left of the stack",
  ),
  known(
    /the stack is currently locked by|Another update is currently in progress/i,
    (stack) => `${stack} is being changed by another Pulumi`,
    () => "wait for it or end it, then run the command again",
  ),
  known(
    /no resource plugin|resource plugin .* (?:not found|missing)|could not (?:find|download|load) plugin|failed to load plugin|error downloading plugin|failed to (?:find|install) plugin/i,
    (_, detail) => `Pulumi does not find its Docker plugin: ${detail}`,
    () => "sse-lab doctor says where it comes from; or pulumi plugin install resource docker 5.2.0",
  ),
  {
    said: /No such image|pull access denied|image .* not found|unable to find or pull image/i,
    error: (stack, detail, options) =>
      new ImageGoneError(
        `an image of ${stack} is not in the engine any more: ${detail}`,
        "bring the stack up again, which prepares the images (if it is up: sse-lab down first)",
        options,
      ),
  },
];

const NOISE =
  /^(?:Diagnostics:|Resources:|Duration:.*|Updating \(.*|Destroying \(.*|update failed|creating urn:.*|deleting urn:.*|\d+ errors? occurred:)$/i;

/** Removes what the provider adds to a message: source position, its name, a list mark. */
const unwrap = (line: string): string =>
  line
    .replace(/^\s*(?:\*\s*|error:\s*)*/i, "")
    .replace(/^sdk-v2\/\S+ sdk\.helper_schema: /, "")
    .replace(/: provider=docker@\S*$/, "")
    .trim();

/** The distinct lines that name the problem, at most three. */
const essence = (texts: readonly string[]): string => {
  const lines = texts.flatMap((text) => text.split("\n")).map(unwrap);
  const telling = lines.filter((line) => line !== "" && !NOISE.test(line));
  return [...new Set(telling)].slice(0, 3).join("; ") || "Pulumi gave no reason";
};

/**
 * @param reasons the error messages of the engine events; what Pulumi wrote where there are none
 */
export const explainPulumiError = (
  stack: string,
  what: string,
  reasons: readonly string[],
  cause: unknown,
): UserError => {
  const written = cause instanceof Error ? cause.message : String(cause);
  const all = `${reasons.join("\n")}\n${written}`;
  const errors = written.split("\n").filter((line) => /^\s*(?:stderr: )?error:/i.test(line));
  const detail = essence(reasons.length > 0 ? reasons : errors.length > 0 ? errors : [written]);
  const match = KNOWN.find(({ said }) => said.test(all));
  if (match) return match.error(stack, detail, { cause });
  return new UserError(
    `${what} ${stack} failed: ${detail}`,
    "sse-lab down removes what is left; then try again",
    { cause },
  );
};
