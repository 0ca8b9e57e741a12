import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeLedgerFolder } from "./ledger-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-ledgers-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

it("is open to all instances, inside a folder that is closed to other users", () => {
  const ledgers = join(folder, ".sse-lab", "ledgers");
  makeLedgerFolder(join(ledgers, "phase1"), ledgers);
  expect(modeOf(join(ledgers, "phase1"))).toBe(0o777);
  expect(modeOf(ledgers)).toBe(0o700);
  chmodSync(ledgers, 0o755);
  makeLedgerFolder(join(ledgers, "phase2"), ledgers);
  expect(modeOf(ledgers)).toBe(0o700);
});

it("leaves the mode of another parent folder unchanged", () => {
  const other = join(folder, "other");
  mkdirSync(other);
  chmodSync(other, 0o755);
  makeLedgerFolder(join(other, "ledger"));
  expect(modeOf(other)).toBe(0o755);
});
