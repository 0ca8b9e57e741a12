/** True if Redis answered with an error. False: there was no answer. */
export const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && error.name === "ReplyError";

/** Answers and failures that waiting does not mend, in words that name the fix. */
const CAUSES: readonly [RegExp, string][] = [
  [/^(?:WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH)/, "check user and password of REDIS_URL"],
  [/^READONLY/, "it is a replica: point REDIS_URL to the primary"],
  [/^DENIED/, "it is in protected mode: set a password there and in REDIS_URL"],
  [/^ERR .*(?:DB index|SELECT)/, "it has no such database: change the path of REDIS_URL"],
  [/^ERR unknown command/, "it is too old, or its administrator removed the command"],
  [/wrong version number/, "there is no TLS at that port: write redis: in REDIS_URL"],
  [/certificate|altnames/i, "set NODE_EXTRA_CA_CERTS to the file of its certificate authority"],
];

/**
 * Words the error and its fix, without the arguments that Redis and ioredis repeat: they can hold a
 * password. Undefined if waiting may mend it.
 */
export function permanentCause(error: Error): string | undefined {
  const { message } = error;
  const fix = CAUSES.find(([form]) => form.test(message))?.[1] ?? grantOf(message);
  if (fix === undefined) return isRefusal(error) ? codeOf(message) : undefined;
  return `${isRefusal(error) ? codeOf(message) : message}: ${fix}`;
}

const codeOf = (message: string): string => `Redis answers ${message.split(" ", 1)[0] ?? ""}`;

/** What the user of REDIS_URL lacks, as ACL SETUSER takes it. */
function grantOf(message: string, channel = "sse:*"): string | undefined {
  if (!message.startsWith("NOPERM")) return undefined;
  const command = /'([\w|]+)' command/.exec(message)?.[1];
  if (command !== undefined) return `grant +${command.toLowerCase()} to the user of REDIS_URL`;
  const right = message.includes("channel") ? `&${channel.replace(/[^:]*$/, "*")}` : "~sse:*";
  return `grant ${right} to the user of REDIS_URL`;
}

/** Names the channel that Redis refuses, and what to grant. */
export const channelRefusal = (verb: string, channel: string, error: Error): string =>
  `Redis refuses to ${verb} ${channel}: ${grantOf(error.message, channel) ?? codeOf(error.message)}`;
