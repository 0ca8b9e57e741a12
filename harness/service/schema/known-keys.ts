import { z } from "zod";
import { serviceSchema } from "./service-schema.ts";

/** The keys that a service file may have at a path, of every form that is allowed there. */
export const knownKeys = (path: readonly (string | number)[]): string[] => {
  let schemas: z.ZodType[] = [serviceSchema];
  for (const part of path) schemas = schemas.flatMap((schema) => below(schema, part));
  return [
    ...new Set(
      schemas
        .flatMap(formsOf)
        .flatMap((form) => (form instanceof z.ZodObject ? Object.keys(form.shape) : [])),
    ),
  ];
};

const below = (schema: z.ZodType, part: string | number): z.ZodType[] =>
  formsOf(schema).flatMap((form) => {
    if (form instanceof z.ZodObject) {
      const inner = (form.shape as Record<string, z.ZodType>)[String(part)];
      return inner === undefined ? [] : [inner];
    }
    if (form instanceof z.ZodRecord) return [form.valueType as z.ZodType];
    return form instanceof z.ZodArray ? [form.element as z.ZodType] : [];
  });

const formsOf = (schema: z.ZodType): z.ZodType[] => {
  if (schema instanceof z.ZodOptional) return formsOf(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).flatMap(formsOf);
  return [schema];
};
