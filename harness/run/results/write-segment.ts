import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Observation } from "../../history/observation.ts";

/**
 * Writes observations to an NDJSON file as they come, no faster than the disk takes them.
 * @throws the disk's error
 */
export const writeSegment = (
  path: string,
  observations: AsyncIterable<Observation>,
): Promise<void> =>
  pipeline(
    observations,
    async function* (source) {
      for await (const observation of source) yield `${JSON.stringify(observation)}\n`;
    },
    createWriteStream(path),
  );
