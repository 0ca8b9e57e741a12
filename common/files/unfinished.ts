/** Names of files and folders that are being made. They tell the maker, so that others clear up. */
import { createHash, randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isAlive } from "../processes/process-identity.ts";

/** What a process made that is not in sight counts as abandoned after this, ms. */
const FORGOTTEN_MS = 24 * 3600 * 1000;

let place: string | undefined;
/** Short name of the place where this process's pid has a meaning: its pid namespace and host. */
const thisPlace = (): string => {
  if (place !== undefined) return place;
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid");
  } catch {
    // Not Linux: all processes of the host share their pids.
  }
  const hash = createHash("sha256").update(`${hostname()} ${namespace}`).digest("hex");
  return (place = hash.slice(0, 8));
};

/** A name that no other process makes: `<prefix><pid>-<place>-<random>`. */
export const unfinishedName = (prefix: string): string =>
  `${prefix}${process.pid}-${thisPlace()}-${randomBytes(4).toString("hex")}`;

/** Is the maker of `<prefix><pid>-<place>-...` in this folder dead, or out of sight for a day? */
export const isAbandoned = async (folder: string, name: string, prefix: string) => {
  const [pid = "", madeIn] = name.slice(prefix.length).split("-");
  if (madeIn === thisPlace()) return !isAlive(Number(pid));
  const found = await stat(join(folder, name)).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > FORGOTTEN_MS;
};

/** Removes what makers left behind that are gone. */
export const removeAbandoned = async (folder: string, prefix: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !(await isAbandoned(folder, name, prefix))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
};
