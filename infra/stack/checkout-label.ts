/** The label that names this checkout: checkouts that share an engine leave each other alone. */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { PROJECT_ROOT } from "../../common/paths.ts";
import { STACK_LABEL } from "./labels.ts";

export const CHECKOUT_LABEL = "sse-lab.checkout";

export const checkoutId = (root: string = PROJECT_ROOT): string =>
  createHash("sha256").update(realpathSync(root)).digest("hex").slice(0, 12);

/** The labels of this checkout. A stack adds its own to them. */
export const checkoutLabels = (): Record<string, string> => ({ [CHECKOUT_LABEL]: checkoutId() });

/** Filters the engine's lists and events to this checkout, or to one of its stacks. */
export const checkoutFilter = (stack?: string): { label: string[] } => ({
  label: [
    `${CHECKOUT_LABEL}=${checkoutId()}`,
    ...(stack === undefined ? [] : [`${STACK_LABEL}=${stack}`]),
  ],
});
