import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listLedgers } from "./list-ledgers.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-ledgers-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("lists the ledger of every process, also of those with a reused pid, and nothing else", async () => {
  const names = [
    "server-1.77.ndjson",
    "server-1.77-2.ndjson",
    "server-12.1.ndjson",
    "server-1.log",
    "notes",
  ];
  for (const name of names) await writeFile(join(folder, name), "");
  const found = await listLedgers(folder);
  expect(found.map(({ instance, path }) => `${instance} ${basename(path)}`).sort()).toEqual([
    "server-1 server-1.77-2.ndjson",
    "server-1 server-1.77.ndjson",
    "server-12 server-12.1.ndjson",
  ]);
});

test("there are none where there is no folder", async () => {
  expect(await listLedgers(undefined)).toEqual([]);
  expect(await listLedgers(join(folder, "none"))).toEqual([]);
});
