/** Names this checkout on its host: two checkouts that share an engine leave each other's containers alone. */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { PROJECT_ROOT } from "../../common/paths.ts";

export const CHECKOUT_LABEL = "sse-lab.checkout";

export const checkoutId = (root: string = PROJECT_ROOT): string =>
  createHash("sha256").update(realpathSync(root)).digest("hex").slice(0, 12);
