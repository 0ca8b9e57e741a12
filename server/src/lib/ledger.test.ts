import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LedgerRecord } from "../contract/ledger.ts";
import { openLedger } from "./ledger.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sse-server-ledger-"));
});
afterEach(async () => rm(dir, { recursive: true }));

const record: LedgerRecord = { kind: "drain", state: "started", atMs: 1 };

test("has each record in the file when append returns, one a line, in a folder that it makes", async () => {
  const ledger = openLedger({ dir: join(dir, "a/b"), instance: "server-1", onError: () => {} });
  const file = join(dir, "a/b", `server-1.${process.pid}.ndjson`);
  ledger.append(record);
  expect(await readFile(file, "utf8")).toBe(`${JSON.stringify(record)}\n`);
  ledger.append({ ...record, state: "ended" });
  expect((await readFile(file, "utf8")).split("\n")).toHaveLength(3);
  ledger.close();
});

test("ignores what comes after its end", async () => {
  const ledger = openLedger({ dir, instance: "server-1", onError: () => {} });
  ledger.close();
  ledger.append(record);
  ledger.close();
  expect(await readFile(join(dir, `server-1.${process.pid}.ndjson`), "utf8")).toBe("");
});

test("reports a record that it cannot write, and lets the service go on", () => {
  const errors: unknown[] = [];
  const ledger = openLedger({ dir, instance: "server-1", onError: (error) => errors.push(error) });
  // A value that JSON cannot hold stands in for a full disk: both fail inside the write.
  ledger.append({ ...record, atMs: 1n as unknown as number });
  expect(errors).toHaveLength(1);
  ledger.append(record);
  expect(errors).toHaveLength(1);
  ledger.close();
});
