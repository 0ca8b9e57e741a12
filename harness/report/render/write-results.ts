/** Writes the files of a results folder that are made from figures. The history is written by whoever measures. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, manifestSchema } from "../summary/manifest.ts";
import { renderJunit } from "./report-junit.ts";
import { renderReport } from "./report-markdown.ts";
import { type Summary, summarySchema } from "../summary/summary.ts";

/** Keys of these objects are data and come in any order; all other objects have the order of their schema. */
const KEYED_BY_DATA = new Set(["sessionsPerInstance", "versions", "serverSettings"]);

const sortKeys = (value: object): object =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })));

const toJson = (value: unknown): string =>
  `${JSON.stringify(
    value,
    (key, inner: unknown) =>
      KEYED_BY_DATA.has(key) && typeof inner === "object" && inner !== null ? sortKeys(inner) : inner,
    2,
  )}\n`;

/** A reader never sees half a file: written beside it, then renamed over it. */
const writeAtomically = async (path: string, text: string): Promise<void> => {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
};

/**
 * Writes `manifest.json`, which has to be there before the first run: an interrupted run is rebuilt from it.
 * @throws ZodError when the manifest breaks its schema; the file system's error otherwise.
 */
export const writeManifest = async (dir: string, manifest: Manifest): Promise<void> => {
  const text = toJson(manifestSchema.parse(manifest));
  await mkdir(dir, { recursive: true });
  await writeAtomically(join(dir, "manifest.json"), text);
};

/**
 * Writes `summary.json`, `report.md` and `junit.xml` into `dir`, which is made when it is not there. Same input, same bytes.
 * @throws ZodError when the summary breaks its schema, before anything is written; the file system's error otherwise.
 */
export const writeResults = async (dir: string, summary: Summary, manifest: Manifest): Promise<void> => {
  const checked = summarySchema.parse(summary);
  const files = {
    "summary.json": toJson(checked),
    "report.md": renderReport(checked, manifest),
    "junit.xml": renderJunit(checked),
  };
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeAtomically(join(dir, name), text);
};
