/** The published JSON Schema of `summary.json`, made from the schema that the lab itself checks with. */
import { z } from "zod";
import { summarySchema } from "./summary.ts";

export const SUMMARY_SCHEMA_FILE = new URL("../summary.schema.json", import.meta.url);

/** What `summary.schema.json` has to hold (draft 2020-12): what may be read, so that files from before a field was there are valid. */
export const summaryJsonSchema = (): unknown =>
  z.toJSONSchema(summarySchema, { target: "draft-2020-12", io: "input" });
