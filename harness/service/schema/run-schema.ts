import { z } from "zod";

const environment = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is no name of a variable"), z.string())
  .meta({ description: "Environment variables. Numbers and true need quotes" });

/** How the lab starts the service, with placeholders like ${port} and ${redis.url}. */
export const runSchema = z.strictObject({
  command: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .meta({ description: "Platform local: program and arguments. No shell reads it" }),
  folder: z.string().min(1).optional().meta({
    description: "Where the command runs, relative to this file. Default: this file's folder",
  }),
  image: z.string().min(1).optional().meta({ description: "Platform docker: the image" }),
  build: z
    .strictObject({
      context: z.string().min(1).meta({ description: "Folder, relative to this file" }),
      dockerfile: z.string().min(1).optional().meta({ description: "Default: Dockerfile" }),
      target: z.string().min(1).optional().meta({ description: "Stage of the Dockerfile" }),
      args: z.record(z.string(), z.string()).optional().meta({ description: "Build arguments" }),
    })
    .optional()
    .meta({ description: "Platform docker: builds the image" }),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .meta({ description: "Port in the container. Locally the lab chooses one: ${port}" }),
  user: z.string().min(1).optional().meta({
    description:
      "User in the container. Default: the image's, if that is not root, else an unprivileged one",
  }),
  ready: z
    .string()
    .regex(/^\/\S*$/, "give a path, like /healthz")
    .meta({ description: "GET answers 2xx once the instance can serve" }),
  readyWithin: z
    .number()
    .positive()
    .max(600)
    .optional()
    .meta({ description: "Seconds from the start until it must be ready. Default: 20" }),
  environment: environment.optional(),
  topologies: z
    .record(z.string(), z.strictObject({ environment: environment.optional() }))
    .optional()
    .meta({ description: "What else holds in one topology, by its name" }),
  stop: z
    .strictObject({
      signal: z
        .string()
        .regex(/^SIG[A-Z0-9]+$/, "give a signal, like SIGTERM")
        .meta({ description: "Signal that asks it to end. Default: SIGTERM" })
        .optional(),
      grace: z
        .number()
        .min(0)
        .max(600)
        .optional()
        .meta({ description: "Seconds until SIGKILL. Default: the scenario's grace" }),
    })
    .optional()
    .meta({ description: "How an instance is stopped. Default: SIGTERM" }),
  ledger: z
    .boolean()
    .optional()
    .meta({ description: "True if it writes the lab's ledger into the folder ${ledger.dir}" }),
});

export type RunSection = z.infer<typeof runSchema>;
