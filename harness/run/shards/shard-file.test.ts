import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { appendRun } from "../../history/history-file.ts";
import type { Observation } from "../../history/observation.ts";
import { plannedLoad } from "../../load/portable/load-plan.ts";
import { smallPlan } from "../../load/test-support/load-plan.ts";
import { checkShards, observationsOf, openShard, type ShardHeader } from "./shard-file.ts";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "sse-lab-shards-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const header = (number: number, changes: Partial<ShardHeader> = {}): ShardHeader => ({
  type: "shard",
  v: 1,
  number,
  of: 3,
  topology: "phase2",
  plan: plannedLoad(smallPlan(`http://127.0.0.${number}:80`)),
  host: { os: "Linux", cpus: 2, memoryBytes: 1, node: "20" },
  finishedAt: "2026-11-30T10:00:00.000Z",
  clock: { offsetMs: 0, errorMs: 0 },
  instances: ["server-1"],
  ...changes,
});

const LINE = '{"type":"planned","session":"s0","events":5,"arriveMs":7}\n';
const write = async (name: string, first: object): Promise<string> => {
  const segment = join(folder, "segment.ndjson");
  await writeFile(segment, LINE);
  const path = join(folder, name);
  await appendRun(path, first as { type: string }, [segment]);
  return path;
};
const open = async (...headers: ShardHeader[]) =>
  Promise.all(headers.map(async (one, at) => openShard(await write(`${at}.ndjson.gz`, one))));

it("is read back, header and observations", async () => {
  const shard = await openShard(await write("a.ndjson.gz", header(1)));
  expect(shard.header).toEqual(header(1));
  const found: Observation[] = [];
  for await (const batch of observationsOf(shard)) found.push(...batch);
  expect(found).toEqual([JSON.parse(LINE)]);
});

it("comes in any order, and from machines that reach the router by other addresses", async () => {
  const files = await open(header(3), header(1), header(2));
  expect(checkShards(files).map((one) => one.header.number)).toEqual([1, 2, 3]);
});

it.each([
  ["a missing one", [header(1), header(3)], "of 3 shards, 2/3 is missing"],
  ["one that is there twice", [header(1), header(2), header(2)], "shard 2/3 is named twice"],
  [
    "another plan",
    [header(1), header(2, { plan: { ...header(2).plan, seed: 2 } }), header(3)],
    "are of two loads: seed is 2, not 1 in the second",
  ],
  [
    "another topology",
    [header(1), header(2, { topology: "phase1" }), header(3)],
    "topology is phase1, not phase2 in the second",
  ],
  ["another number of machines", [header(1), header(2, { of: 2 })], "of 2 shards, not 3"],
])("%s is refused", async (_, headers, message) => {
  const files = await open(...headers);
  expect(() => checkShards(files)).toThrow(message);
});

it.each([
  ["a history", { type: "run", topology: "phase2" }, "line 1: is no shard of a load"],
  ["a file of another version", { ...header(1), v: 2 }, "is of version 2, and this lab reads 1"],
  ["a damaged header", { ...header(1), plan: null }, "plan"],
])("%s is no shard", async (_, first, message) => {
  const path = await write("other.ndjson.gz", first);
  await expect(openShard(path)).rejects.toThrow(message);
  await expect(openShard(path)).rejects.toThrow("name files that sse-lab loadgen wrote");
});

it("a file that is not there is named", async () => {
  await expect(openShard(join(folder, "none.gz"))).rejects.toThrow(
    "none.gz: cannot be read (ENOENT)",
  );
});
