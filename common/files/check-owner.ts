/** Whether another user of this host could have put a file there that is about to be run. */
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { PROJECT_ROOT } from "../paths.ts";
import { UserError } from "../user-error.ts";

const ROOT = 0;
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Whose files run anyway: this user's, root's, and of whoever owns the checkout. */
const trustedUsers = async (): Promise<number[]> => [
  process.geteuid?.() ?? ROOT,
  ROOT,
  (await stat(PROJECT_ROOT)).uid,
];

const whoElse = async (path: string, trusted: readonly number[]): Promise<string | undefined> => {
  const { uid, gid, mode } = await stat(path);
  if (!trusted.includes(uid)) return `belongs to user ${uid}`;
  // In a folder such as /tmp only the owner of a file may replace it.
  if (mode & STICKY) return undefined;
  if (mode & OTHERS_WRITE) return "is writable for every user";
  return mode & GROUP_WRITES && gid !== ROOT && gid !== process.getegid?.()
    ? `is writable for group ${gid}`
    : undefined;
};

/**
 * Makes sure that only this user, root and the owner of the checkout can change a file, or put
 * another one in its place: by owner and mode of the file and of all folders above it.
 *
 * @throws UserError that names what others can change, and `fix`
 */
export const refuseOthersFile = async (path: string, fix: string): Promise<void> => {
  if (process.geteuid === undefined) return;
  const trusted = await trustedUsers();
  for (let part = path; ; part = dirname(part)) {
    const why = await whoElse(part, trusted);
    if (why !== undefined) throw new UserError(`${path} is not run: ${part} ${why}`, fix);
    if (dirname(part) === part) return;
  }
};
