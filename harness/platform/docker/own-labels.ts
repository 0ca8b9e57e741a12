/** What of the engine is ours: everything that this checkout makes carries its label, and nothing else is ever removed. */
import { resolve } from "node:path";
import { CHECKOUT_LABEL, checkoutId } from "../../../infra/checkout-label.ts";
import { STACK_LABEL } from "../../../infra/components/labels.ts";

export const PROJECT_ROOT = resolve(import.meta.dirname, "../../..");

/** Beside those that a stack gives itself. */
export const checkoutLabels = (): Record<string, string> => ({ [CHECKOUT_LABEL]: checkoutId() });

/** Filter of the engine's lists and events: of this checkout, and of one stack where one is given. */
export const ownFilter = (stack?: string): { label: string[] } => ({
  label: [`${CHECKOUT_LABEL}=${checkoutId()}`, ...(stack === undefined ? [] : [`${STACK_LABEL}=${stack}`])],
});
