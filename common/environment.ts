import { z } from "zod";
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

/** An environment variable that is a URL of one of these schemes, with a host. */
export const url = (schemes: readonly string[], example: string) =>
  z.string().refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, hostname } = new URL(text);
    return schemes.includes(protocol) && hostname !== "";
  }, `must be a URL such as ${example}`);

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
