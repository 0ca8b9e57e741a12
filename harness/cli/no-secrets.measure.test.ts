/** Canaries in every secret of the harness: no file that it writes for others has one. */
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { STATE_ROOT } from "../../common/paths.ts";
import {
  startStandIn,
  type TestStandIn,
} from "../../standins/realtime/server/test-support/start-stand-in.ts";
import { runCommand } from "./test-support/run-command.ts";

const JWT_SECRET = "canary-jwt-secret-0123456789abcdefghijk";
let realtime: TestStandIn;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-secrets-"));
  realtime = await startStandIn({ env: { API_JWT_SECRET: JWT_SECRET } });
});
afterAll(async () => {
  await realtime.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Of every file below, by path. A history is unpacked. */
async function textsBelow(path: string): Promise<Map<string, string>> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = files.map(async ({ parentPath, name }): Promise<[string, string]> => {
    const bytes = await readFile(join(parentPath, name));
    return [join(parentPath, name), (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString()];
  });
  return new Map(await Promise.all(texts));
}

function expectNone(texts: ReadonlyMap<string, string>): void {
  for (const secret of [JWT_SECRET, realtime.serviceKey]) {
    const forms = [secret, Buffer.from(secret).toString("base64url"), encodeURIComponent(secret)];
    const holding = [...texts].filter(([, text]) => forms.some((form) => text.includes(form)));
    expect(holding.map(([path]) => path)).toEqual([]);
  }
}

it("shows no key in results, logs and the terminal, and keeps records to their owner", async () => {
  const hosted = {
    REALTIME_URL: realtime.url,
    REALTIME_KEY: realtime.serviceKey,
    REALTIME_JWT_SECRET: JWT_SECRET,
    REALTIME_ANON_KEY: realtime.anonKey,
  };
  const out = join(folder, "results");
  const load = ["loadtest", "--platform", "local", "--topologies", "phase3", "--bounces", "none"];
  const plan = ["--realtime-plan", "team"];
  const small = ["--arrival", "ramp", "--sessions", "10", "--duration", "2", "--ramp", "1"];
  const loaded = await runCommand([...load, ...small, ...plan, "--out", out], hosted);
  expect(loaded.exitCode, loaded.stderr).toBe(0);
  const made = await textsBelow(out);
  expect([...made.keys()].map((path) => path.slice(out.length + 1)).sort()).toEqual(
    expect.arrayContaining(["history.ndjson.gz", "manifest.json", "report.html", "report.md"]),
  );
  expect([...made.values()].join("")).toContain('"type":"received"');
  expectNone(new Map([...made, ["the terminal", loaded.stdout + loaded.stderr]]));

  const up = await runCommand(["up", "phase3", "--platform", "local", ...plan, "--json"], hosted);
  try {
    const { id } = JSON.parse(up.stdout) as { id: string };
    const bounced = await runCommand(["bounce", "phase3", "--kind", "crash"], hosted);
    const again = await runCommand(["doctor"], hosted);
    const said = [up, bounced, again].map(({ stdout, stderr }) => stdout + stderr).join("");
    const left = await textsBelow(STATE_ROOT);
    // It starts instances again, so it has their environment; only its owner can read it.
    const record = join(STATE_ROOT, "state", `${id}.json`);
    expect(left.get(record)).toContain(JWT_SECRET);
    expect((await stat(record)).mode & 0o077).toBe(0);
    left.delete(record);
    expect([...left.keys()].filter((path) => path.endsWith(".log"))).not.toEqual([]);
    expectNone(new Map([...left, ["the terminal", said]]));
  } finally {
    await runCommand(["down"]);
  }
}, 120_000);
