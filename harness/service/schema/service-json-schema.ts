import { z } from "zod";
import { serviceSchema } from "./service-schema.ts";

/** JSON Schema of a service file, for editors. */
export const serviceJsonSchema = (): unknown => ({
  title: "Service file of the SSE scaling lab",
  ...(z.toJSONSchema(serviceSchema, { target: "draft-2020-12", io: "input" }) as object),
});
