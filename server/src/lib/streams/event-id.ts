import { randomBytes } from "node:crypto";

/** A new epoch, `[a-z0-9]+`. It begins with the time and is unique across instances. */
export const newEpoch = (): string => Date.now().toString(36) + randomBytes(4).toString("hex");
