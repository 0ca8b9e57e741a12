/** What of the engine is ours: everything that this checkout makes carries its label, and nothing else is ever removed. */
import { CHECKOUT_LABEL, checkoutId } from "../stack/checkout-label.ts";
import { STACK_LABEL } from "../stack/labels.ts";

/** Beside those that a stack gives itself. */
export const checkoutLabels = (): Record<string, string> => ({ [CHECKOUT_LABEL]: checkoutId() });

/** Filter of the engine's lists and events: of this checkout, and of one stack where one is given. */
export const ownFilter = (stack?: string): { label: string[] } => ({
  label: [`${CHECKOUT_LABEL}=${checkoutId()}`, ...(stack === undefined ? [] : [`${STACK_LABEL}=${stack}`])],
});
