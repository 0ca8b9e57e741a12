/** The history of one shard: a header, then observations on the clock of its machine. */
import { z } from "zod";
import { UserError } from "../../../common/user-error.ts";
import type { Observation } from "../../history/observation.ts";
import { HistoryError } from "../../history/history-error.ts";
import { parseObservation } from "../../history/parse-observation.ts";
import { readRecords } from "../../history/read-history.ts";
import { planDifference } from "../../load/k6/records/compare-plans.ts";
import { loadPlanSchema } from "../../load/k6/records/parse-k6-log-record.ts";
import { hostSchema } from "../../report/summary/summary.ts";

export const SHARD_VERSION = 1;

const headerSchema = z.object({
  type: z.literal("shard"),
  v: z.literal(SHARD_VERSION),
  number: z.int().positive(),
  of: z.int().positive(),
  topology: z.string().min(1),
  /** Of the whole load. */
  plan: loadPlanSchema,
  /** Of the machine. */
  host: hostSchema,
  finishedAt: z.iso.datetime(),
  clock: z.object({ offsetMs: z.number(), errorMs: z.number().nullable() }),
  /** Instances that this machine met. */
  instances: z.array(z.string().min(1)),
});

export type ShardHeader = z.infer<typeof headerSchema>;

export interface ShardFile {
  path: string;
  header: ShardHeader;
}

/** @throws UserError for a file that is no shard */
export async function openShard(path: string): Promise<ShardFile> {
  try {
    for await (const [header] of readRecords(path, onlyFirst(headerOf))) {
      if (header !== undefined) return { path, header };
    }
    throw new HistoryError(path, 1, "the file is empty");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      error instanceof HistoryError ? message : `${path}: cannot be read (${code ?? message})`,
      "name files that sse-lab loadgen wrote",
      { cause: error },
    );
  }
}

/** Parses the first of many lines. */
const onlyFirst = <T>(parse: (text: string) => T): ((text: string) => T | undefined) => {
  let isFirst = true;
  return (text) => {
    if (!isFirst) return undefined;
    isFirst = false;
    return parse(text);
  };
};

function headerOf(text: string): ShardHeader {
  const value = JSON.parse(text) as { type?: unknown; v?: unknown } | null;
  if (value?.type !== "shard") throw new Error("is no shard of a load");
  if (value.v !== SHARD_VERSION)
    throw new Error(`is of version ${String(value.v)}, and this lab reads ${SHARD_VERSION}`);
  const parsed = headerSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(z.prettifyError(parsed.error));
}

/** The observations of a shard, without its header. @throws HistoryError */
export async function* observationsOf({ path }: ShardFile): AsyncGenerator<Observation[]> {
  let first = true;
  const parse = (text: string): Observation | undefined => {
    if (!first) return parseObservation(text);
    first = false;
    return undefined;
  };
  for await (const batch of readRecords(path, parse))
    yield batch.filter((one) => one !== undefined);
}

/**
 * The shards of one load, in order.
 * @throws UserError unless they are each part of one plan, once
 */
export function checkShards(files: readonly ShardFile[]): [ShardFile, ...ShardFile[]] {
  const [first, ...others] = [...files].sort((a, b) => a.header.number - b.header.number);
  if (first === undefined) throw new UserError("no shard is named");
  for (const other of others) {
    const difference = differenceOf(other.header, first.header);
    if (difference !== undefined)
      throw new UserError(
        `${first.path} and ${other.path} are of two loads: ${difference} in the second`,
        "name the shards of one load",
      );
  }
  const { of } = first.header;
  const numbers = files.map(({ header }) => header.number);
  const twice = numbers.find((number, at) => numbers.indexOf(number) !== at);
  if (twice !== undefined)
    throw new UserError(`shard ${twice}/${of} is named twice`, "name each shard once");
  const missing = Array.from({ length: of }, (_, at) => at + 1).filter(
    (number) => !numbers.includes(number),
  );
  if (missing.length > 0)
    throw new UserError(
      `of ${of} shards, ${missing.map((number) => `${number}/${of}`).join(", ")} is missing`,
      "name all of them, or repeat the load: what was not played cannot be judged",
    );
  return [first, ...others];
}

/** Machines may reach the router by different addresses. */
function differenceOf(found: ShardHeader, wanted: ShardHeader): string | undefined {
  if (found.of !== wanted.of) return `of ${found.of} shards, not ${wanted.of}`;
  if (found.topology !== wanted.topology)
    return `topology is ${found.topology}, not ${wanted.topology}`;
  return planDifference({ ...found.plan, url: "" }, { ...wanted.plan, url: "" });
}
