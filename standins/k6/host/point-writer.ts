import { appendFileSync } from "node:fs";

import type { Tags } from "../protocol.ts";

export type PointWriter = (metric: string, value: number, tags: Tags) => void;

/** Appends a line for each sample, as `--out json=FILE` does. */
export const pointWriter =
  (file: string): PointWriter =>
  (metric, value, tags) => {
    const data = { time: new Date().toISOString(), value, tags };
    appendFileSync(file, `${JSON.stringify({ type: "Point", metric, data })}\n`);
  };
