/** `--platform auto|local|docker`: which one, and why, in one line. */
import type { Platform } from "../../platform/platform.ts";
import { UserError } from "../../../common/user-error.ts";
import { dockerAvailability, PLATFORMS } from "./platforms.ts";

export interface PlatformChoice {
  platform: Platform;
  /** Why this one, for the user. */
  reason: string;
}

/**
 * `auto` takes docker where a daemon answers and Pulumi is found, else local. A platform that was asked for by name is taken
 * as it is: its own preparation says what is missing, and can fetch or build more than `auto` would wait for.
 * @throws UserError for one that there is not.
 */
export async function choosePlatform(asked: string): Promise<PlatformChoice> {
  const available = asked === "auto" ? await dockerAvailability() : undefined;
  const name = available ? (available.usable ? "docker" : "local") : asked;
  const entry = PLATFORMS.find((one) => one.name === name);
  if (!entry) {
    const names = ["auto", ...PLATFORMS.map((one) => one.name)].join(", ");
    throw new UserError(`--platform ${asked}: unknown platform; choose from ${names}`);
  }
  const reason = !available
    ? "as asked"
    : available.usable
      ? available.reason
      : `host processes, because ${available.reason}`;
  return { platform: await entry.load(), reason };
}
