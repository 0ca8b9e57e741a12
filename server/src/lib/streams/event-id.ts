import { randomBytes } from "node:crypto";

/** A fresh epoch, `[a-z0-9]+`: never handed out twice, whichever instance makes it. */
export const newEpoch = (): string => Date.now().toString(36) + randomBytes(4).toString("hex");
