/** Turns what zod says of a service file into lines for its author. */
import type { z } from "zod";
import type { Problem } from "../problem.ts";
import { knownKeys } from "./known-keys.ts";

type Issue = z.core.$ZodIssue;
type Path = (string | number)[];

export const schemaProblems = (error: z.ZodError, value: unknown): Problem[] =>
  error.issues.flatMap((issue) => problemsOf(issue, [], value));

function problemsOf(issue: Issue, above: Path, file: unknown): Problem[] {
  const path = [...above, ...(issue.path as Path)];
  const value = valueAt(file, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `unknown key; known here are ${knownKeys(path).join(", ") || "none"}`,
      }));
    case "invalid_union":
      return unionProblems(issue.errors, path, file, value);
    case "invalid_key":
      return [{ path, message: issue.issues[0]?.message ?? issue.message }];
    case "invalid_type":
      return [{ path, message: typeMessage(issue.expected, value) }];
    case "invalid_value":
      return [
        { path, message: `is ${show(value)}; give ${issue.values.map(String).join(" or ")}` },
      ];
    default:
      return [{ path, message: `is ${show(value)}; ${lowerFirst(issue.message)}` }];
  }
}

/** Those of the form that the value comes nearest to. */
function unionProblems(forms: Issue[][], path: Path, file: unknown, value: unknown): Problem[] {
  const distance = (form: Issue[]): number =>
    form.reduce((sum, issue) => {
      const wrongKind = issue.path.length === 0 && KIND_CODES.has(issue.code);
      return (
        sum + (wrongKind ? 100 : issue.code === "unrecognized_keys" ? 10 * issue.keys.length : 1)
      );
    }, 0);
  const nearest = [...forms].sort((a, b) => distance(a) - distance(b))[0] ?? [];
  if (distance(nearest) < 100) return nearest.flatMap((issue) => problemsOf(issue, path, file));
  const expected = forms.flatMap((form) => form.slice(0, 1).map(expectedOf));
  return [{ path, message: `is ${show(value)}; give ${[...new Set(expected)].join(", or ")}` }];
}

const KIND_CODES: ReadonlySet<string> = new Set(["invalid_type", "invalid_value", "invalid_union"]);

const expectedOf = (issue: Issue): string => {
  if (issue.code === "invalid_type") return KINDS[issue.expected] ?? `a ${issue.expected}`;
  if (issue.code === "invalid_value") return issue.values.map(String).join(" or ");
  if (issue.code === "invalid_union") return issue.errors.flat().slice(0, 1).map(expectedOf).join();
  return lowerFirst(issue.message).replace(/^give /, "");
};

const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  object: "a map of keys",
  record: "a map of keys",
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

const typeMessage = (expected: string, value: unknown): string => {
  const kind = KINDS[expected] ?? expected;
  if (value === undefined) return `is missing; give ${kind}`;
  const plain = typeof value === "object" ? undefined : JSON.stringify(value).replaceAll('"', "");
  const quoted = expected === "string" && plain !== undefined ? `, in quotes: "${plain}"` : "";
  const list = expected === "array" && plain !== undefined ? `: [${plain}]` : "";
  return `is ${show(value)}; give ${kind}${quoted}${list}`;
};

const show = (value: unknown): string => {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined,
    value,
  );

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
