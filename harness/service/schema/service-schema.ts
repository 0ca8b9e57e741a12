/** The service file: every key with type and description. The JSON Schema comes from here. */
import { z } from "zod";
import { PUBLISH_CLOCKS } from "../../load/portable/service/service-protocol.ts";
import {
  checkedRequestShape,
  eventName,
  eventNames,
  headers,
  matches,
  pointer,
  request,
  requestShape,
  status,
} from "./parts.ts";
import { runSchema } from "./run-schema.ts";

const valueSource = z.union([
  pointer.meta({ description: "JSON pointer into the answer's body" }),
  z.strictObject({
    header: z.string().min(1).meta({ description: "Name of a header of the answer" }),
    pattern: z
      .string()
      .optional()
      .meta({ description: "Its part: /jobs/${value} takes what follows /jobs/" }),
  }),
  z.strictObject({ cookie: z.string().min(1).meta({ description: "Name of a cookie" }) }),
]);

const valueName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, "a name has letters and digits only");

export const sessionSchema = z.strictObject({
  ...checkedRequestShape,
  request: request.optional().meta({ description: "Begins a session. Default: nothing does" }),
  values: z.record(valueName, valueSource).optional().meta({
    description:
      "What later requests need of the answer: ${session.NAME}. Default: `id`, a random UUID",
  }),
  credentials: headers
    .optional()
    .meta({ description: "Headers of every later request, the stream included" }),
});

const confirmed = z.union([
  z.literal("head").meta({ description: "The response head" }),
  z.literal("byte").meta({ description: "The first byte of the body, comments included" }),
  z.strictObject({
    event: eventName,
    instance: pointer.optional().meta({ description: "Name of the instance in its data" }),
    since: pointer
      .optional()
      .meta({ description: "When delivery began, milliseconds on the host's CLOCK_MONOTONIC" }),
    resume: pointer.optional().meta({ description: "What became of the Last-Event-ID" }),
    retry: pointer.optional().meta({ description: "Reconnection time, milliseconds" }),
  }),
]);

export const streamSchema = z.strictObject({
  ...requestShape,
  request: request.meta({ description: "GET or POST, and the path of the stream" }),
  eventsource: request.optional().meta({
    description:
      "How a browser's EventSource asks, which sets no header. Default: as `request`, if that is " +
      "a GET without headers",
  }),
  confirmed: confirmed
    .optional()
    .meta({ description: "What shows that the stream delivers: head (default), byte or an event" }),
  lastEventId: z
    .boolean()
    .optional()
    .meta({ description: "Whether a reconnect sends Last-Event-ID. Default: true for a GET" }),
  noise: eventNames
    .optional()
    .meta({ description: "Names of events that mean nothing, like heartbeats" }),
  hint: z
    .strictObject({ event: eventName, retry: pointer.optional() })
    .optional()
    .meta({ description: "Event before the server closes a stream; retry: milliseconds to wait" }),
  gap: z
    .strictObject({ event: eventName, reason: pointer.optional() })
    .optional()
    .meta({ description: "Event that says that events are missing and will not come" }),
});

export const startSchema = z.strictObject({
  ...checkedRequestShape,
  running: z
    .strictObject({ status, has: pointer })
    .optional()
    .meta({ description: "Answer to a second try whose first one got through" }),
  run: pointer.optional().meta({ description: "Name of the run in the answer" }),
  total: pointer.optional().meta({ description: "Number of the run's events in the answer" }),
  instance: pointer.optional().meta({ description: "Who runs it, in the answer" }),
});

export const gateSchema = z.strictObject({
  event: eventName.meta({ description: "Event that offers a gate" }),
  gate: pointer.meta({ description: "Where its data names the gate: ${gate}" }),
  ...checkedRequestShape,
});

const firstNumber = z
  .int()
  .min(0)
  .optional()
  .meta({ description: "Number of a run's first event. Default: 1" });

export const eventsSchema = z.strictObject({
  sequence: z
    .union([
      z.literal("none").meta({ description: "Events have no number: single losses are not seen" }),
      z.strictObject({ pointer, first: firstNumber }),
      z.strictObject({
        id: z
          .string()
          .min(1)
          .meta({ description: 'The event\'s id, like "${run}-${sequence}" or "${sequence}"' }),
        first: firstNumber,
      }),
    ])
    .meta({ description: "The number of an event in its run" }),
  run: z
    .union([
      z.literal("id").meta({ description: "${run} in the id" }),
      z.literal("connection").meta({ description: "Each connection is a new run" }),
      pointer,
    ])
    .optional()
    .meta({ description: "What tells runs of a session apart. Default: it has one" }),
  total: z
    .union([
      z.literal("plan").meta({ description: "As many as the start asks for: ${load.events}" }),
      z.int().min(1),
      pointer,
    ])
    .optional()
    .meta({ description: "Number of the run's events. Default: the number of the terminal event" }),
  published: z
    .strictObject({ pointer, clock: z.enum(PUBLISH_CLOCKS) })
    .optional()
    .meta({ description: "When the event was published" }),
  terminal: matches.optional().meta({ description: "The last event of a run" }),
  error: matches.optional().meta({ description: "The last event of a run that failed" }),
});

export const serviceSchema = z.strictObject({
  version: z.literal(1).optional(),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "a name has letters, digits, dots and hyphens")
    .optional()
    .meta({ description: "Shown in reports. Default: the name of the file's folder" }),
  run: runSchema.optional().meta({ description: "How the lab starts the service" }),
  instanceHeader: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Response header that names the instance" }),
  session: sessionSchema.optional().meta({ description: "How a session begins" }),
  background: z
    .strictObject({ ...requestShape, clock: pointer.optional(), instance: pointer.optional() })
    .optional()
    .meta({ description: "A cheap request that pages send in between. Default: GET run.ready" }),
  stream: streamSchema.meta({ description: "Where the stream is" }),
  start: startSchema
    .optional()
    .meta({ description: "Starts the work, once the stream is confirmed" }),
  gate: gateSchema.optional().meta({ description: "Work that waits until the page answers" }),
  events: eventsSchema.meta({ description: "What an event means" }),
  realtime: z.strictObject({ access: pointer, token: request, log: request }).optional().meta({
    description: "The lab's own server with Supabase Realtime in the place of the stream",
  }),
});

/** A service file that was read and checked. */
export type ServiceFile = z.infer<typeof serviceSchema>;
