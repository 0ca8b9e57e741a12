/**
 * `manifest.json`: what a run was made with. Written before the first run starts, so that it also
 * describes an interrupted one.
 */
import { z } from "zod";
import { ENGINES } from "../glossary.ts";
import { CLIENTS, hostSchema, scenarioSchema } from "./summary.ts";

const version = z.string().min(1);

export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  startedAt: z.iso.datetime(),
  /** Null until all runs are over. */
  finishedAt: z.iso.datetime().nullable(),
  /** The command as typed, one argument each. */
  commandLine: z.array(z.string()),
  /** The lab's own commit. Null if git names none for its folder. */
  commit: z.strictObject({ id: z.string().min(1), dirty: z.boolean() }).nullable(),
  /** The lab, Node, and every other component (traefik, valkey, ...). */
  versions: z.object({ lab: version, node: version }).catchall(version),
  platform: z.string().min(1),
  engine: z.enum(ENGINES),
  /** The engine's stand-in, by its own name. Null: the engine itself. */
  engineStandIn: z.string().min(1).nullable().default(null),
  client: z.enum(CLIENTS),
  seed: z.int(),
  host: hostSchema,
  scenario: scenarioSchema,
  /**
   * Settings of the server under test that differ from or complete the scenario, e.g. its drain
   * window. Units in the names.
   */
  serverSettings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

export type Manifest = z.infer<typeof manifestSchema>;

/**
 * Checks an already parsed `manifest.json`.
 * @throws Error that names every field at fault.
 */
export const parseManifest = (value: unknown): Manifest => {
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`not a manifest of schemaVersion 1:\n${z.prettifyError(parsed.error)}`);
};
