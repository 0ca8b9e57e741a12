import { z } from "zod";
import { readUrl } from "./portable/read-url.ts";
import { UserError } from "./user-error.ts";

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

/** A text in which `problemOf` finds nothing wrong. It must not repeat a secret. */
export const checkedText = (problemOf: (text: string) => string | undefined, missing?: string) =>
  z.string(missing).superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

/**
 * An environment variable that is a URL of one of these schemes, with a host. `read` turns the URL
 * into the value; by default that is the URL's text in its one normal form.
 */
export const url = <T = string>(
  schemes: readonly string[],
  example: string,
  read: (parsed: URL) => { value: T } | { problem: string } = ({ href }) => ({ value: href as T }),
) =>
  z.string().transform((text, context): T => {
    const outcome = ((): { value: T } | { problem: string } => {
      const { url: parsed, problem } = readUrl(text);
      if (parsed === undefined) return { problem };
      if (!schemes.includes(parsed.protocol) || parsed.hostname === "")
        return { problem: `must be a URL such as ${example}` };
      if (text.includes("#")) return { problem: "has a #: write it as %23, or remove it" };
      return read(parsed);
    })();
    if ("value" in outcome) return outcome.value;
    context.addIssue({ code: "custom", message: outcome.problem });
    return z.NEVER;
  });

/** One problem of the environment. Never contains the value of a secret. */
export interface ConfigProblem {
  variable: string;
  value: string;
  problem: string;
  fix: string;
}

/** All problems of the environment, one line each. */
export class ConfigError extends UserError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((p) => `${p.variable}=${p.value}: ${p.problem}; ${p.fix}`).join("\n"));
    this.problems = problems;
  }
}

export interface EnvironmentOptions {
  /** Variables that may hold a password or a key. */
  secrets: ReadonlySet<string>;
  /** What to do about a wrong variable, by its name. */
  fixes: Readonly<Record<string, string>>;
  /** Problems of variables that do not fit together: name and text. */
  conflicts?: (given: Readonly<Record<string, string | undefined>>) => Iterable<[string, string]>;
}

/**
 * Reads a configuration from environment variables. An empty variable counts as not set.
 * @throws ConfigError with every problem
 */
export function readEnvironment<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: NodeJS.ProcessEnv,
  { secrets, fixes, conflicts }: EnvironmentOptions,
): z.infer<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(schema.shape)
      .map((name) => [name, environment[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = schema.safeParse(given);
  const found: [string, string][] = [
    ...(parsed.error?.issues ?? []).map(({ path, message }): [string, string] => [
      String(path[0]),
      message,
    ]),
    ...(conflicts?.(given) ?? []),
  ];
  const problems = found.map(([variable, problem]): ConfigProblem => {
    const value = given[variable];
    return {
      variable,
      value:
        value === undefined
          ? "(not set)"
          : secrets.has(variable)
            ? "(hidden)"
            : JSON.stringify(value),
      problem,
      fix: fixes[variable] ?? "change it or remove it to get the default",
    };
  });
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return parsed.data;
}
