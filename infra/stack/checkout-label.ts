/** The labels that name this checkout: checkouts that share an engine leave each other alone. */
import { checkoutId } from "../../common/checkout-identity.ts";
import { PROJECT_ROOT } from "../../common/paths.ts";
import { STACK_LABEL } from "./labels.ts";

export const CHECKOUT_LABEL = "sse-lab.checkout";
/** The folder of the checkout, for people only: two containers may have the same one. */
export const FOLDER_LABEL = "sse-lab.folder";

/** The labels of this checkout. A stack adds its own to them. */
export const checkoutLabels = (): Record<string, string> => ({
  [CHECKOUT_LABEL]: checkoutId(),
  [FOLDER_LABEL]: PROJECT_ROOT,
});

/** Filters the engine's lists and events to this checkout, or to one of its stacks. */
export const checkoutFilter = (stack?: string): { label: string[] } => ({
  label: [
    `${CHECKOUT_LABEL}=${checkoutId()}`,
    ...(stack === undefined ? [] : [`${STACK_LABEL}=${stack}`]),
  ],
});
