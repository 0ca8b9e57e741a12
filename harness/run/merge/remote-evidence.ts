/**
 * What the topology's side knows of a run whose load somebody else made: ledgers and bounces, as
 * they were copied into a folder.
 */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type {
  BounceObservation,
  InstanceObservation,
  PartExitObservation,
} from "../../history/observation.ts";
import { parseObservation } from "../../history/parse-observation.ts";
import type { LedgerFile } from "../../platform/platform.ts";
import { readLines, readText } from "../../../common/files/read-text.ts";
import { UserError } from "../../../common/user-error.ts";
import { BOUNCES_FILE } from "./read-k6-output.ts";

/** Folder of the instances' ledgers. */
export const LEDGERS = "ledgers";
/** `<instance>`, with whatever an instance puts behind it. */
const LEDGER_FILE = /^(?<instance>.+?)(?:\.\d+(?:-\d+)?)?\.ndjson$/;

/**
 * All ledgers of the folder, by name. Undefined when it has none.
 * @throws UserError for a file that is no ledger
 */
export async function findLedgers(dir: string): Promise<LedgerFile[] | undefined> {
  const folder = join(dir, LEDGERS);
  const names = (await readdir(folder).catch(() => []))
    .filter((name) => name.endsWith(".ndjson"))
    .sort();
  if (names.length === 0) return undefined;
  return Promise.all(names.map((name) => identifyLedger(join(folder, name))));
}

/** A ledger says itself whose it is; of one that is empty only its name does. */
async function identifyLedger(path: string): Promise<LedgerFile> {
  const byName = LEDGER_FILE.exec(basename(path))?.groups?.["instance"] ?? basename(path);
  if ((await stat(path)).size === 0) return { instance: byName, path };
  const first = await firstLine(path);
  let record: { kind?: unknown; instance?: unknown };
  try {
    record = JSON.parse(first) as typeof record;
  } catch {
    // A process that died while it wrote its first record.
    if (first.startsWith("{")) return { instance: byName, path };
    record = {};
  }
  if (record.kind === "boot" && typeof record.instance === "string")
    return { instance: record.instance, path };
  throw new UserError(
    `${path} is no ledger: its first line is no boot record; copy what an instance wrote ` +
      "into its LEDGER_DIR",
  );
}

async function firstLine(path: string): Promise<string> {
  for await (const line of readLines(path)) return line;
  return "";
}

export type BounceEvidence = BounceObservation | InstanceObservation | PartExitObservation;
const TOLD: ReadonlySet<string> = new Set<BounceEvidence["type"]>([
  "bounce",
  "instance",
  "part-exit",
]);

/**
 * What `bounces.ndjson` says; nothing when it is not there.
 * @throws UserError naming a line that is no such observation
 */
export async function readBounces(dir: string): Promise<BounceEvidence[]> {
  const path = join(dir, BOUNCES_FILE);
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      const observation = parseObservation(line);
      if (!TOLD.has(observation.type)) throw new Error(`is of type ${observation.type}`);
      return [observation as BounceEvidence];
    } catch (error) {
      throw new UserError(
        `${path}, line ${index + 1}: ${(error as Error).message}; it holds what sse-lab ` +
          "bounce --record wrote",
      );
    }
  });
}
