import { z } from "zod";
import { serviceSchema } from "./service-schema.ts";

interface Row {
  key: string;
  meaning: string;
  required: boolean;
}

/** Every key of a service file as a row of a Markdown table, in the order of the schema. */
export function referenceTable(): string {
  const rows = new Map(rowsOf(serviceSchema, "").map((row) => [row.key, row]));
  const lines = [...rows.values()].map(
    ({ key, meaning, required }) =>
      `| \`${key}\`${required ? " (required)" : ""} | ${meaning.replaceAll("|", "\\|")} |`,
  );
  return ["| key | meaning |", "| :-- | :-- |", ...lines].join("\n");
}

function rowsOf(schema: z.ZodType, above: string): Row[] {
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, inner]) => {
      const path = above === "" ? key : `${above}.${key}`;
      const required = !(inner instanceof z.ZodOptional);
      const meaning = meaningOf(inner);
      return [
        ...(meaning === "" ? [] : [{ key: path, meaning, required }]),
        ...rowsOf(inner, path),
      ];
    });
  if (schema instanceof z.ZodOptional) return rowsOf(schema.unwrap() as z.ZodType, above);
  if (schema instanceof z.ZodUnion)
    // Which of its forms is chosen, the author decides.
    return (schema.options as z.ZodType[]).flatMap((option) =>
      rowsOf(option, above).map((row) => ({ ...row, required: false })),
    );
  if (schema instanceof z.ZodArray) return rowsOf(schema.element as z.ZodType, `${above}[]`);
  if (schema instanceof z.ZodRecord) return rowsOf(schema.valueType as z.ZodType, `${above}.NAME`);
  return [];
}

/** What is said of a key, and which plain values it may have. */
function meaningOf(schema: z.ZodType): string {
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  const said = schema.description ?? inner.description ?? "";
  const forms = inner instanceof z.ZodUnion ? (inner.options as z.ZodType[]) : [];
  const plain = forms.flatMap((form) =>
    form instanceof z.ZodLiteral && form.description !== undefined
      ? [`\`${[...form.values].join()}\`: ${form.description}`]
      : [],
  );
  const values = inner instanceof z.ZodEnum ? `: ${inner.options.join(", ")}` : "";
  const all = [said, ...plain].filter((part) => part !== "").join(". ");
  return all === "" ? values.slice(2) : `${all}${values}`;
}
