/** Names this checkout on its host: two checkouts that share an engine leave each other's containers alone. */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { resolve } from "node:path";

export const CHECKOUT_LABEL = "sse-lab.checkout";

const PROJECT_ROOT = resolve(import.meta.dirname, "..");

export const checkoutId = (root: string = PROJECT_ROOT): string =>
  createHash("sha256").update(realpathSync(root)).digest("hex").slice(0, 12);
