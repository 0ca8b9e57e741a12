/**
 * Writes the files of a results folder that are made from figures. (The run itself writes the
 * history.)
 */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunSeries } from "../../checker/run-series.ts";
import { type Manifest, manifestSchema } from "../summary/manifest.ts";
import { renderJunit } from "./report-junit.ts";
import { renderReport } from "./report-markdown.ts";
import { type Summary, summarySchema } from "../summary/summary.ts";

/** The keys of these objects are data, in any order; all other objects follow their schema. */
const KEYED_BY_DATA = new Set(["sessionsPerInstance", "versions", "serverSettings"]);

const sortKeys = (value: object): object =>
  Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })),
  );

const toJson = (value: unknown): string =>
  `${JSON.stringify(
    value,
    (key, inner: unknown) =>
      KEYED_BY_DATA.has(key) && typeof inner === "object" && inner !== null
        ? sortKeys(inner)
        : inner,
    2,
  )}\n`;

/** Writes beside the file, then renames, so that a reader never sees half of it. */
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
 * Writes `manifest.json`. Call it before the first run: an interrupted run is rebuilt from it.
 * @throws ZodError if the manifest breaks its schema; the file system's error otherwise.
 */
export const writeManifest = async (dir: string, manifest: Manifest): Promise<void> => {
  const text = toJson(manifestSchema.parse(manifest));
  await mkdir(dir, { recursive: true });
  await writeAtomically(join(dir, "manifest.json"), text);
};

/**
 * Writes `summary.json`, `report.md` and `junit.xml` into `dir`, creating it if needed. The same
 * input gives the same bytes.
 * @throws ZodError if the summary breaks its schema, before anything is written; the file system's
 *   error otherwise.
 */
export const writeResults = async (
  dir: string,
  summary: Summary,
  manifest: Manifest,
): Promise<void> => {
  const checked = summarySchema.parse(summary);
  const files = {
    "summary.json": toJson(checked),
    "report.md": renderReport(checked, manifest),
    "junit.xml": renderJunit(checked),
  };
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeAtomically(join(dir, name), text);
};

/**
 * Writes `series.json` and `report.html` beside them, once the last run is judged: drawing takes
 * seconds. The same input gives the same bytes.
 * @throws ZodError if the summary breaks its schema; the file system's error otherwise.
 */
export const writePage = async (
  dir: string,
  summary: Summary,
  manifest: Manifest,
  series: readonly RunSeries[],
): Promise<void> => {
  // Loaded here: no other command draws.
  const { renderPage } = await import("../page/report-page.ts");
  const page = await renderPage(summarySchema.parse(summary), manifest, series);
  // One run a line: readable, and a tenth of the size.
  const runs = series.map((one) => JSON.stringify(one)).join(",\n");
  await writeAtomically(join(dir, "series.json"), `{"schemaVersion":1,"runs":[\n${runs}\n]}\n`);
  await writeAtomically(join(dir, "report.html"), page);
};
