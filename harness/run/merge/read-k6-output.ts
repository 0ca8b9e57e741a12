/**
 * What k6 processes wrote to their consoles, one file or several each, as somebody copied it into
 * one folder.
 */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { recordDifference } from "../../load/k6/records/compare-plans.ts";
import { K6RunState } from "../../load/k6/k6-run-state.ts";
import type { PlanRecord } from "../../load/portable/k6-log-records.ts";
import {
  K6LogReader,
  K6LogVersionError,
  readK6Log,
} from "../../load/k6/records/read-k6-log-records.ts";
import { scheduleSessions } from "../../load/portable/load-schedule.ts";
import { UserError } from "../../../common/user-error.ts";

/** Of the topology's side, not of k6's. */
export const BOUNCES_FILE = "bounces.ndjson";
const CONSOLE_FILE = /\.(?:log|ndjson)$/;

export interface K6Output {
  /** Files that hold lab lines. */
  consoles: string[];
  plan: PlanRecord;
  account: K6RunState;
  /** Lab lines of all files that could not be read, and what was wrong with the first. */
  torn: number;
  example: string | undefined;
}

/** Paths of what may be k6's output in a folder, by name. */
export async function consoleFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries
    .filter(
      (entry) => entry.isFile() && CONSOLE_FILE.test(entry.name) && entry.name !== BOUNCES_FILE,
    )
    .map(({ name }) => join(dir, name))
    .sort();
}

/** @throws UserError */
export async function readK6Output(dir: string): Promise<K6Output> {
  const files = await consoleFiles(dir);
  const account = new K6RunState();
  const consoles: string[] = [];
  /** Names of the files in which a process's lines are. */
  const filesOf = new Map<string, Set<string>>();
  const arrivedIn = new Map<string, string>();
  let torn = 0;
  let example: string | undefined;
  for (const path of files) {
    const name = basename(path);
    const reader = new K6LogReader();
    let lines = 0;
    try {
      for await (const line of readK6Log(path, reader)) {
        lines += 1;
        filesOf.set(line.process, (filesOf.get(line.process) ?? new Set()).add(name));
        for (const record of line.records) {
          if (record.type !== "k6-arrived") continue;
          const earlier = arrivedIn.get(record.session);
          if (earlier !== undefined)
            throw new UserError(arrivedTwice(record.session, earlier, name));
          arrivedIn.set(record.session, name);
        }
        account.absorb(line);
      }
    } catch (error) {
      if (error instanceof K6LogVersionError) throw new UserError(`${path}: ${error.message}`);
      throw error;
    }
    if (lines > 0 || reader.torn > 0) consoles.push(path);
    torn += reader.torn;
    example ??= reader.example === undefined ? undefined : `${name}: ${reader.example}`;
  }
  if (account.processes.size === 0) throw new UserError(nothingFound(dir, files, torn, example));
  const plan = onePlan(
    account,
    (process) => `${process} (${[...(filesOf.get(process) ?? [])].join(", ")})`,
    torn > 0 ? unread(dir, { torn, example }) : undefined,
  );
  const known = new Set(scheduleSessions(plan.plan).map(({ session }) => session));
  const foreign = [...arrivedIn].find(([session]) => !known.has(session));
  if (foreign !== undefined) {
    throw new UserError(
      `session ${foreign[0]} arrived in ${foreign[1]}, but the plan has ${known.size} ` +
        "sessions and not this one: that output is of another run",
    );
  }
  return { consoles, plan, account, torn, example };
}

const arrivedTwice = (session: string, one: string, another: string): string =>
  `session ${session} arrived twice, in ${one} and ` +
  `${one === another ? "there again" : `in ${another}`}: the same output is there twice, ` +
  "or two k6 processes had the same part of the plan (--execution-segment); keep one of " +
  "them";

/** Says that the lines which could not be read are the reason for what is missing. */
export const unread = (dir: string, { torn, example }: Pick<K6Output, "torn" | "example">) =>
  `${dir}: ${torn} of the lines that the k6 scripts wrote cannot be read (${example ?? ""})`;

const nothingFound = (
  dir: string,
  files: readonly string[],
  torn: number,
  example: string | undefined,
): string => {
  const names = files.map((path) => basename(path)).join(", ");
  return torn > 0
    ? unread(dir, { torn, example })
    : `${dir} has no manifest.json, and none of ${names} holds a line of the k6 scripts: ` +
        "copy what k6 wrote to its console there (k6 run --console-output FILE, or its log in " +
        "any --log-format)";
};

/**
 * @param named a process, with the files that its lines are in
 * @param torn what could not be read, if anything: the plan may be in it
 */
function onePlan(
  account: K6RunState,
  named: (process: string) => string,
  torn: string | undefined,
): PlanRecord {
  const [first, ...others] = [...account.processes.values()].filter(
    ({ plan }) => plan !== undefined,
  );
  if (first?.plan === undefined) {
    if (torn !== undefined) throw new UserError(torn);
    const processes = [...account.processes.keys()].map(named).join(", ");
    throw new UserError(
      `no plan is on record for k6 process ${processes}: the beginning of its output, ` +
        "which setup() writes, is missing",
    );
  }
  for (const other of others) {
    const difference = other.plan && recordDifference(other.plan, first.plan);
    if (difference === undefined) continue;
    throw new UserError(
      `the plans of k6 processes ${named(first.process)} and ${named(other.process)} ` +
        `differ: ${difference} in the second; put the output of one run only into a folder`,
    );
  }
  return first.plan;
}
