/** `sse-lab cross-check`: two engines on one plan, each the other's control. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { crossCheck, type CrossCheck } from "../../checker/compare-engines/cross-check.ts";
import { crossRunOf, type CrossRun } from "../../checker/compare-engines/cross-run.ts";
import { splitRuns } from "../../checker/judge-history.ts";
import { RunRecord } from "../../checker/records/run-record.ts";
import { readHistory } from "../../history/read-history.ts";
import {
  namesOf,
  findingSentence,
  renderCrossCheck,
  type CrossSide,
} from "../../report/compare-reports/cross-check-markdown.ts";
import { parseManifest, type Manifest } from "../../report/summary/manifest.ts";
import { EXIT } from "../exit.ts";
import { readText } from "../../../common/files/read-text.ts";
import { UserError } from "../../../common/user-error.ts";

const CODES: Readonly<Record<CrossCheck["agreement"], number>> = {
  agree: EXIT.valid,
  differ: EXIT.invalid,
  "cannot tell": EXIT.unknown,
};

/** @throws UserError when one of the folders holds no results, or the plans differ */
export async function crossCheckFolders(
  a: string,
  b: string,
  options: { json?: true },
): Promise<number> {
  const sides = { A: await readSide(a), B: await readSide(b) };
  refuseOtherPlan(sides.A, sides.B);
  const check = crossCheck(sides.A.runs, sides.B.runs);
  for (const { path, manifest } of [sides.A, sides.B]) {
    if (manifest.finishedAt !== null) continue;
    process.stderr.write(`sse-lab: ${path} was interrupted and may lack runs\n`);
    if (check.agreement === "agree") check.agreement = "cannot tell";
  }
  const names = namesOf(sides);
  const json = {
    a: { engine: sides.A.engine, path: a },
    b: { engine: sides.B.engine, path: b },
    ...check,
    findings: check.findings.map((one) => ({ ...one, sentence: findingSentence(one, names) })),
    shared: check.shared.map((one) => ({ ...one, sentence: findingSentence(one, names) })),
  };
  const text = options.json ? JSON.stringify(json, undefined, 2) : renderCrossCheck(check, sides);
  process.stdout.write(`${text}\n`);
  return CODES[check.agreement];
}

interface ReadSide extends CrossSide {
  manifest: Manifest;
  runs: CrossRun[];
}

async function readSide(path: string): Promise<ReadSide> {
  const manifest = await readManifest(path);
  const history = join(path, "history.ndjson.gz");
  const runs: CrossRun[] = [];
  try {
    for await (const record of splitRuns(readHistory(history), () => new RunRecord()))
      runs.push(crossRunOf(record));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError(
      missing
        ? `${history} is not there: engines are compared by their raw histories`
        : `${history}: ${(error as Error).message}`,
    );
  }
  return { path, engine: manifest.engineStandIn ?? manifest.engine, manifest, runs };
}

async function readManifest(path: string): Promise<Manifest> {
  const file = join(path, "manifest.json");
  try {
    return parseManifest(JSON.parse(await readText(file)));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError(
      missing
        ? `${path} is not the folder of a loadtest (no manifest.json); name one below ` +
            "results/, or one that --out named"
        : `${file}: ${(error as Error).message}`,
    );
  }
}

/**
 * What may differ: how often each run was repeated, and under which bounces; those that both have
 * are compared.
 */
const FREE = ["bounces", "repeat"] as const satisfies readonly (keyof Manifest["scenario"])[];

/**
 * @throws UserError naming every field that is another, with both values: a difference would be the
 *   plan's
 */
function refuseOtherPlan(a: ReadSide, b: ReadSide): void {
  const planOf = ({ manifest: { seed, client, scenario } }: ReadSide): Record<string, unknown> => ({
    seed,
    client,
    ...Object.fromEntries(
      Object.entries(scenario).filter(([field]) => !(FREE as readonly string[]).includes(field)),
    ),
    topologies: scenario.topologies.toSorted(),
  });
  const [planA, planB] = [planOf(a), planOf(b)];
  const differing = Object.keys(planA).filter(
    (field) => !isDeepStrictEqual(planA[field], planB[field]),
  );
  if (differing.length === 0) return;
  const told = differing.map(
    (field) =>
      `${field} is ${JSON.stringify(planA[field])} in ${a.path} and ` +
      `${JSON.stringify(planB[field])} in ${b.path}`,
  );
  throw new UserError(
    "the two were not made from one plan, so their differences would say nothing of the " +
      `engines: ${told.join("; ")}. Run both with the same settings and the same --seed.`,
  );
}
