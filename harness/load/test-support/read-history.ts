import { readFile } from "node:fs/promises";
import type { Observation } from "../../history/observation.ts";

/** All observations of the segments, in order of the files. */
export const readHistory = async (segments: readonly string[]): Promise<Observation[]> => {
  const texts = await Promise.all(segments.map((segment) => readFile(segment, "utf8")));
  return texts.flatMap((text) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Observation),
  );
};

/** Those of one kind. */
export const ofType = <T extends Observation["type"]>(
  history: readonly Observation[],
  type: T,
): Extract<Observation, { type: T }>[] =>
  history.filter((one): one is Extract<Observation, { type: T }> => one.type === type);
