/** Which deployments of others the lab may load, and how hard. */
import { UserError } from "../../../common/user-error.ts";

/** What a load on a deployment of somebody may be, unless the user raises it by name. */
export const TARGET_CEILINGS = { sessions: 50, eventsPerSecond: 250 } as const;

export interface TargetLimits {
  isMine: boolean;
  maxSessions?: number | undefined;
  /** Events per second, of all sessions together. */
  maxRate?: number | undefined;
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|localhost|.+\.localhost)$/;

export const isLoopback = (url: URL): boolean => LOOPBACK.test(url.hostname);

/**
 * The base URL of the target, without a slash at its end.
 * @throws UserError for what is no such URL, for the host of another, and for a load above the
 *   ceilings
 */
export function checkTarget(
  target: string,
  load: { sessions: number; rate: number },
  { isMine, maxSessions, maxRate }: TargetLimits,
): string {
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UserError(`--target ${target}: is no URL of a web server`, "give https://HOST/PATH");
  if (url.username !== "" || url.search !== "" || url.hash !== "")
    throw new UserError(
      `--target ${url.origin}: takes no password, query or fragment`,
      "put secrets into the service file, as ${env.NAME}",
    );
  if (isLoopback(url)) return url.href.replace(/\/+$/, "");
  if (!isMine)
    throw new UserError(
      `--target ${url.host}: is not this host, and a load test of another's server is an attack`,
      "if it is yours, or you may load it, add --i-own-this-target",
    );
  const ceilings = [
    ["--sessions", load.sessions, maxSessions ?? TARGET_CEILINGS.sessions, "--max-sessions"],
    [
      "--sessions times --rate",
      load.sessions * load.rate,
      maxRate ?? TARGET_CEILINGS.eventsPerSecond,
      "--max-rate",
    ],
  ] as const;
  for (const [what, value, most, flag] of ceilings)
    if (value > most)
      throw new UserError(
        `${what} is ${value}, above the ceiling of ${most} for ${url.host}`,
        `lower it, or raise the ceiling by name: ${flag} ${Math.ceil(value)}`,
      );
  return url.href.replace(/\/+$/, "");
}
