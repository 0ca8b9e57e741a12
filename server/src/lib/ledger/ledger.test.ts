import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import which from "which";
import { spawnServer, type ChildServer } from "../../../test-support/child-server.ts";
import type { LedgerRecord } from "../../contract/ledger.ts";
import { openLedger } from "./ledger.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sse-server-ledger-"));
});
afterEach(async () => rm(dir, { recursive: true }));

const record: LedgerRecord = { kind: "drain", state: "started", atMs: 1 };

test("creates its folder and writes one line per record before append returns", async () => {
  const ledger = openLedger({ dir: join(dir, "a/b"), instance: "server-1", onError: () => {} });
  const file = join(dir, "a/b", `server-1.${process.pid}.ndjson`);
  ledger.append(record);
  expect(await readFile(file, "utf8")).toBe(`${JSON.stringify(record)}\n`);
  ledger.append({ ...record, state: "ended" });
  expect((await readFile(file, "utf8")).split("\n")).toHaveLength(3);
  ledger.close();
});

test("a process with the pid of an earlier one writes another file", async () => {
  const name = (suffix: string): string => join(dir, `server-1.${process.pid}${suffix}.ndjson`);
  for (const state of ["started", "ended", "started"] as const) {
    const ledger = openLedger({ dir, instance: "server-1", onError: () => {} });
    ledger.append({ ...record, state });
    ledger.close();
  }
  const states = ["", "-2", "-3"].map((suffix) =>
    readFile(name(suffix), "utf8").then(
      (text) => (JSON.parse(text) as LedgerRecord & { state: string }).state,
    ),
  );
  expect(await Promise.all(states)).toEqual(["started", "ended", "started"]);
});

test("ignores what comes after its end", async () => {
  const ledger = openLedger({ dir, instance: "server-1", onError: () => {} });
  ledger.close();
  ledger.append(record);
  ledger.close();
  expect(await readFile(join(dir, `server-1.${process.pid}.ndjson`), "utf8")).toBe("");
});

const canLimitFileSize =
  process.platform === "linux" && which.sync("prlimit", { nothrow: true }) !== null;

/** What one more message puts into the ledger is longer than this, and longer than 0 bytes. */
const PART_OF_A_RECORD_BYTES = 10;

test.skipIf(!canLimitFileSize).each([
  ["when nothing fits any more", 0],
  ["when a part of the record still fits", PART_OF_A_RECORD_BYTES],
])(
  "stops for good and ends torn %s, even if there is space again later; the service goes on",
  async (_, bytesLeft) => {
    const server = await spawnServer({ LEDGER_DIR: dir });
    try {
      const log = collectLog(server);
      const session = await server.api.createSession();
      const stream = await server.api.connect(session);
      const say = async (text: string): Promise<void> => {
        expect((await server.api.post(session, "messages", { text })).status).toBe(202);
      };
      const file = join(dir, `server-1.${server.process.pid}.ndjson`);
      await say("first");
      const before = await readFile(file, "utf8");
      expect(before.trimEnd().split("\n")).toHaveLength(2);

      limitFileSize(server, String(before.length + bytesLeft));
      await say("unwritten");
      await vi.waitFor(() => expect(log()).toContain("ledger"));
      const torn = await readFile(file, "utf8");
      limitFileSize(server, "unlimited");
      await say("after");
      await say("after that");

      await vi.waitFor(() => expect(stream.types).toHaveLength(4));
      expect(await readFile(file, "utf8")).toBe(torn);
      const lines = torn.split("\n");
      expect(lines.slice(0, -1).map((line) => JSON.parse(line) as unknown)).toHaveLength(1);
      expect(() => JSON.parse(lines.at(-1) ?? "") as unknown).toThrow(SyntaxError);
      expect(log().match(/"level":50/g)).toHaveLength(1);
      expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(
        /^ledger_write_errors_total 1$/m,
      );
      stream.close();
    } finally {
      server.process.kill("SIGKILL");
      await server.exited;
    }
  },
);

test.skipIf(!canLimitFileSize)(
  "a ledger that could not take its first record shows it once it can",
  async () => {
    const program = `
    import { execFileSync } from "node:child_process";
    import { openLedger } from ${JSON.stringify(new URL("./ledger.ts", import.meta.url).href)};
    const limit = (bytes) => execFileSync("prlimit", ["--pid", String(process.pid), "--fsize=" + bytes + ":"]);
    const ledger = openLedger({ dir: ${JSON.stringify(dir)}, instance: "server-1", onError: () => {} });
    const record = ${JSON.stringify(record)};
    limit(0);
    ledger.append(record);
    limit("unlimited");
    ledger.append(record);
    ledger.append(record);
    ledger.close();`;
    await writeFile(join(dir, "program.ts"), program);
    const args = ["--import", import.meta.resolve("tsx"), join(dir, "program.ts")];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await readFile(join(dir, `server-1.${child.pid}.ndjson`), "utf8")).toBe("{");
  },
);

function collectLog(server: ChildServer): () => string {
  let text = "";
  server.process.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

/**
 * RLIMIT_FSIZE, soft: a file that would grow beyond it is the full disk that a test can have, and
 * give space again.
 */
function limitFileSize(server: ChildServer, bytes: string): void {
  execFileSync("prlimit", ["--pid", String(server.process.pid), `--fsize=${bytes}:`]);
}
