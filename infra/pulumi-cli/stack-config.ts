import { z } from "zod";
import { PUBLISH_WAYS, REALTIME_TIERS } from "../realtime/realtime-settings.ts";
import { TOPOLOGIES } from "../topologies.ts";
import { UserError } from "../../common/user-error.ts";

const integer = z
  .string()
  .regex(/^\d{1,9}$/, "give a whole number")
  .transform(Number);

const secret = z.string().min(1);

const configSchema = z.strictObject({
  topology: z.enum(
    TOPOLOGIES.map(({ name }) => name),
    { error: `give one of ${TOPOLOGIES.map(({ name }) => name).join(", ")}` },
  ),
  replicas: integer.optional(),
  revision: z.string().min(1).optional(),
  graceS: integer.optional(),
  redis: z.enum(["up", "stopped"], { error: "give up or stopped" }).optional(),
  serverImage: z.string().min(1).optional(),
  routerImage: z.string().min(1).optional(),
  brokerImage: z.string().min(1).optional(),
  realtimePlan: z
    .enum(REALTIME_TIERS, { error: `give one of ${REALTIME_TIERS.join(", ")}` })
    .optional(),
  realtimePublish: z.enum(PUBLISH_WAYS, { error: `give ${PUBLISH_WAYS.join(" or ")}` }).optional(),
  catchUp: z
    .enum(["true", "false"], { error: "give true or false" })
    .transform((value) => value === "true")
    .optional(),
  // A hosted Realtime needs the first three keys. `realtimeJwtSecret` alone is for one in the
  // stack.
  realtimeUrl: z.string().min(1).optional(),
  realtimeKey: secret.optional(),
  realtimeJwtSecret: secret.optional(),
  realtimeAnonKey: secret.optional(),
});

/** Never shown. Set by `pulumi config set --secret`. */
const SECRETS: readonly string[] = ["realtimeKey", "realtimeJwtSecret", "realtimeAnonKey"];

/** A missing key keeps the recorded or default value. `checkStackArgs` checks the ranges. */
export type StackConfig = z.infer<typeof configSchema>;

const KEYS = Object.keys(configSchema.shape);

/**
 * Reads this project's keys from a stack's configuration (`project:key`, values as text).
 *
 * @throws UserError naming every unknown key and invalid value, each with its fix
 */
export const readStackConfig = (
  all: Readonly<Record<string, string>>,
  project: string,
): StackConfig => {
  const prefix = `${project}:`;
  const own = Object.entries(all).flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
  );
  const given = Object.fromEntries(own);
  const { data, error } = configSchema.safeParse(given);
  if (data) return data;
  const problems = error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map(
        (key) =>
          `${prefix}${key} is not known: keys are ${KEYS.join(", ")}; ` +
          `pulumi config rm ${key} removes it`,
      );
    }
    const key = issue.path.join(".");
    const value = given[key];
    const isSecret = SECRETS.includes(key);
    const shown = isSecret ? "" : ` ${JSON.stringify(value)}`;
    const what = value === undefined ? " is missing" : `${shown} is invalid`;
    return [
      `${prefix}${key}${what}: ${issue.message} ` +
        `(pulumi config set ${isSecret ? "--secret " : ""}${key} VALUE)`,
    ];
  });
  throw new UserError(
    `Invalid configuration of the stack:\n${problems.map((one) => `- ${one}`).join("\n")}`,
  );
};
