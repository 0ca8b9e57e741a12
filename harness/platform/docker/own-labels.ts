/** Labels on everything that this checkout makes in the engine: what carries them may be removed, nothing else ever is. */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { resolve } from "node:path";

export const PROJECT_ROOT = resolve(import.meta.dirname, "../../..");

export const CHECKOUT_LABEL = "sse-lab.checkout";
export const STACK_LABEL = "sse-lab.stack";

/** Names this checkout on its host: two checkouts that share an engine leave each other's containers alone. */
export const checkoutId = (root: string = PROJECT_ROOT): string =>
  createHash("sha256").update(realpathSync(root)).digest("hex").slice(0, 12);

export const stackLabels = (stack: string): Record<string, string> => ({
  [CHECKOUT_LABEL]: checkoutId(),
  [STACK_LABEL]: stack,
});

/** Filter of the engine's lists and events: of this checkout, and of one stack where one is given. */
export const ownFilter = (stack?: string): { label: string[] } => ({
  label: [`${CHECKOUT_LABEL}=${checkoutId()}`, ...(stack === undefined ? [] : [`${STACK_LABEL}=${stack}`])],
});
