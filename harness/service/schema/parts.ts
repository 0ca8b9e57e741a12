/** Kinds of values that several keys of a service file share. */
import { z } from "zod";
import { METHODS } from "../../load/portable/service/service-protocol.ts";

const POINTER = /^(?:\/(?:[^~/]|~[01])*)+$/;
const REQUEST = new RegExp(`^(?:${METHODS.join("|")}) /\\S*$`);
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export const pointer = z
  .string()
  .regex(POINTER, 'give a JSON pointer, which begins with "/", like /data/id')
  .meta({ description: "JSON pointer (RFC 6901), like /data/id" });

/** `POST /api/sessions`. */
export const request = z
  .string()
  .regex(REQUEST, "give a method and a path, like POST /api/sessions")
  .meta({ description: "Method and path with query, like POST /api/sessions" });

export const headers = z
  .record(
    z.string().regex(HEADER_NAME, "is no name of a header"),
    z.string().regex(/^[^\r\n]*$/, "a header's value has one line"),
  )
  .meta({ description: "Header names and values" });

export const body = z.json().meta({ description: "Text is sent as it is, anything else as JSON" });

const status = z.int().min(100).max(599).meta({ description: "HTTP status" });
const accept = z
  .array(status)
  .min(1)
  .meta({ description: "Statuses of success. Default: any 2xx" });

export const requestShape = { request, headers: headers.optional(), body: body.optional() };
export const checkedRequestShape = { ...requestShape, accept: accept.optional() };

const eventName = z.string().min(1).meta({ description: "Name of the event" });
export const eventNames = z.array(eventName);

/** One way to know an event: its name, its whole data, or a field of its data. */
const match = z.union([
  eventName,
  z.strictObject({ data: z.string().meta({ description: "The whole data, like [DONE]" }) }),
  z.strictObject({
    pointer,
    equals: z
      .union([z.string(), z.number(), z.boolean()])
      .or(z.array(z.union([z.string(), z.number(), z.boolean()])).min(1))
      .optional()
      .meta({ description: "Its value, or a list of them. Default: any but null" }),
  }),
]);
export const matches = z.array(match);

export { eventName, status };
