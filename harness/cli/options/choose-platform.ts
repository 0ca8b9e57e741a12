/** `--platform auto|local|docker`. */
import { UserError } from "../../../common/user-error.ts";
import type { Platform } from "../../platform/platform.ts";
import {
  dockerAvailability,
  loadPlatform,
  PLATFORM_NAMES,
  type StartingPlatform,
} from "./platforms.ts";

export interface PlatformChoice {
  platform: Platform;
  /** Why this platform, in one line. */
  reason: string;
}

const isPlatform = (name: string): name is StartingPlatform =>
  (PLATFORM_NAMES as readonly string[]).includes(name);

/** @throws UserError for an unknown name; loads no platform */
export function checkPlatform(asked: string): StartingPlatform | "auto" {
  if (asked === "auto" || isPlatform(asked)) return asked;
  const names = ["auto", ...PLATFORM_NAMES].join(", ");
  throw new UserError(`--platform ${asked}: unknown platform; choose from ${names}`);
}

/**
 * `auto` selects docker if an engine answers and Pulumi is here, else local. A platform that is
 * named is used as it is: its preparation may fetch or build what is missing.
 */
export async function choosePlatform(asked: StartingPlatform | "auto"): Promise<PlatformChoice> {
  if (asked !== "auto") return { platform: await loadPlatform(asked), reason: "as asked" };
  const { usable, reason } = await dockerAvailability();
  return usable
    ? { platform: await loadPlatform("docker"), reason }
    : { platform: await loadPlatform("local"), reason: `host processes, because ${reason}` };
}
