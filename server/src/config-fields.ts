import { z } from "zod";

/** An environment variable that is a whole number. */
export const integer = (min: number, max: number, byDefault: number) => {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, rule)
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule)
    .default(byDefault);
};

/** An environment variable that is true or false; false when it is not set. */
export const flag = () =>
  z
    .enum(["true", "false"], "must be true or false")
    .transform((value) => value === "true")
    .default(false);

/** An environment variable that is a URL of one of these schemes, with a host. */
export const url = (schemes: readonly string[], example: string) =>
  z.string().refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, hostname } = new URL(text);
    return schemes.includes(protocol) && hostname !== "";
  }, `must be a URL such as ${example}`);
