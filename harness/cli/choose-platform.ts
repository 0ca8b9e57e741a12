/** `--platform auto|local|docker`: which one, and why, in one line. */
import { localPlatform } from "../platform/local/local-platform.ts";
import type { Platform } from "../platform/platform.ts";
import { CliError } from "./exit.ts";

export interface PlatformChoice {
  platform: Platform;
  /** Why this one, for the user. */
  reason: string;
}

/** @throws CliError for a platform that this version does not have. */
export function choosePlatform(asked: string): PlatformChoice {
  switch (asked) {
    case "local":
      return { platform: localPlatform, reason: "as asked" };
    case "auto":
      return {
        platform: localPlatform,
        reason: "the one platform of this version; host processes, no Docker needed",
      };
    case "docker":
      throw new CliError(
        "--platform docker: this version runs topologies as host processes only; use --platform local",
      );
    default:
      throw new CliError(`--platform ${asked}: unknown platform; choose auto or local`);
  }
}
