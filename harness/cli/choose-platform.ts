/** `--platform auto|local|docker`: which one, and why, in one line. */
import type { Platform, PlatformName } from "../platform/platform.ts";
import { CliError } from "./exit.ts";
import { dockerAvailability, PLATFORMS } from "./platforms.ts";

export interface PlatformChoice {
  platform: Platform;
  /** Why this one, for the user. */
  reason: string;
}

const load = async (name: PlatformName): Promise<Platform> => {
  const platform = await PLATFORMS.find((one) => one.name === name)?.load();
  if (!platform)
    throw new CliError(`--platform ${name}: this version does not have it; use --platform local`);
  return platform;
};

/**
 * `auto` takes docker where a daemon answers and Pulumi is found, else local. A platform that was asked for by name is taken
 * as it is: its own preparation says what is missing, and can fetch or build more than `auto` would wait for.
 * @throws CliError for a platform that this version does not have.
 */
export async function choosePlatform(asked: string): Promise<PlatformChoice> {
  if (asked === "auto") {
    const { usable, reason } = await dockerAvailability();
    return usable
      ? { platform: await load("docker"), reason }
      : { platform: await load("local"), reason: `host processes, because ${reason}` };
  }
  const known = PLATFORMS.find(({ name }) => name === asked);
  if (!known) {
    const names = ["auto", ...PLATFORMS.map(({ name }) => name)].join(", ");
    throw new CliError(`--platform ${asked}: unknown platform; choose from ${names}`);
  }
  return { platform: await load(known.name), reason: "as asked" };
}
