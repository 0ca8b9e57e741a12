import { chmodSync, mkdirSync } from "node:fs";

const OWNER_ONLY = 0o700;

/** Makes a folder that only its owner can enter, whatever the umask, and closes an existing one. */
export const makePrivateFolder = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: OWNER_ONLY });
  chmodSync(path, OWNER_ONLY);
};
