/** Pulumi without an engine: what every resource was given, as the program gave it. */
import * as pulumi from "@pulumi/pulumi";

export interface RecordedResource {
  type: string;
  name: string;
  /** Plain values; a secret is `{ secret: value }`. */
  inputs: Record<string, unknown>;
}

/**
 * Key and value that mark a marshalled secret (`specialSigKey`, `specialSecretSig` of Pulumi's
 * rpc).
 */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

const readable = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  const entries = value as Record<string, unknown>;
  if (entries[SIGNATURE] === SECRET) return { secret: readable(entries["value"]) };
  return Object.fromEntries(Object.entries(entries).map(([key, inner]) => [key, readable(inner)]));
};

/** Runs a program and answers each resource with its inputs, until the last one is registered. */
export const runRecorded = async <T>(
  program: () => Promise<T>,
): Promise<{ resources: RecordedResource[]; result: T }> => {
  const resources: RecordedResource[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        resources.push({ type, name, inputs: readable(inputs) as Record<string, unknown> });
        return { id: `${name}-id`, state: inputs as Record<string, unknown> };
      },
      call: () => ({}),
    },
    "sse-scaling-lab",
    "test",
  );
  const result = await program();
  // Children are registered after the constructors have returned, so this waits for the last
  // pending call.
  await pulumi.runtime.disconnect();
  return { resources, result };
};

/** Plain values of a program's outputs. */
export const resolveOutputs = <T>(outputs: object): Promise<T> =>
  new Promise((resolve) => {
    pulumi.output(outputs).apply((values) => resolve(values as T));
  });
