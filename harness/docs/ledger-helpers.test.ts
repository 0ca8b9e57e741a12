import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nowMs } from "../../common/clock.ts";
import { fromRoot } from "../../common/paths.ts";
import type { Observation } from "../history/observation.ts";
import { listLedgers } from "../platform/list-ledgers.ts";
import { collectLedgers } from "../run/collect-ledgers.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-ledger-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HELPERS = fromRoot("docs", "ledger");

/** Runs two "processes" of one instance in one, as a restart with the same pid does. */
const NODE = `
import { openLedger } from "${HELPERS}/ledger.mjs";
for (const epoch of ["run", "again"]) {
  const ledger = openLedger(process.argv[1], "server-1");
  const run = { sessionId: "x", epoch };
  ledger({ kind: "pipeline", ...run, state: "started", total: 2 });
  ledger({ kind: "published", ...run, seq: 1, event: "é", intendedMs: 5, route: "local" });
}`;
const PYTHON = `
import sys
sys.path.insert(0, "${HELPERS}")
from ledger import open_ledger
for epoch in ["run", "again"]:
    ledger = open_ledger(sys.argv[1], "server-1")
    run = {"sessionId": "x", "epoch": epoch}
    ledger(kind="pipeline", state="started", total=2, **run)
    ledger(kind="published", seq=1, event="é", intendedMs=5, route="local", **run)`;

const collect = async (): Promise<Observation[]> => {
  const names = new Map([["x", "s0"]]);
  const found: Observation[] = [];
  const files = await listLedgers(folder);
  for await (const one of collectLedgers(files, new Map([["server-1", 2]]), names)) found.push(one);
  return found;
};

describe("the helpers of docs/ledger.md", () => {
  it.each([
    ["Node.js", process.execPath, ["--input-type=module", "-e", NODE]],
    ["Python", "python3", ["-B", "-c", PYTHON]],
  ])("write ledgers in %s that the lab reads", async (_, program, args) => {
    const beforeMs = nowMs();
    execFileSync(program, [...args, folder]);
    const found = await collect();
    expect(found.filter(({ type }) => type === "ledger")).toEqual(
      [1, 2].map(() => ({ type: "ledger", instance: "server-1", state: "read", records: 3 })),
    );
    const published = found.flatMap((one) => (one.type === "published" ? [one] : []));
    expect(published.map(({ epoch }) => epoch).sort()).toEqual(["again", "run"]);
    for (const { atMs, session, seq, intendedMs, route } of published) {
      expect({ session, seq, intendedMs, route }).toEqual({
        session: "s0",
        seq: 1,
        intendedMs: 5,
        route: "local",
      });
      expect(atMs).toBeGreaterThan(beforeMs);
      expect(atMs).toBeLessThan(nowMs());
    }
  });

  it("are as short as the page says", () => {
    for (const file of ["ledger.mjs", "ledger.py"]) {
      const lines = readFileSync(join(HELPERS, file), "utf8").trim().split("\n");
      expect(lines.length, file).toBeLessThan(36);
    }
  });
});
