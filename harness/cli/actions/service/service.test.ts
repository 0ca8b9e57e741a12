import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { main } from "../../main.ts";
import { profilePath } from "../../../service/profiles/profiles.ts";

let folder: string;
let printed: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "service-command-"));
  printed = "";
  const print = (text: string | Uint8Array): boolean => {
    printed += String(text);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(print);
  vi.spyOn(process.stderr, "write").mockImplementation(print);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

test("init writes a file that check understands, and overwrites none", async () => {
  const file = join(folder, "mine.yaml");
  const init = ["service", "init", "--profile", "numbered", "--name", "jobs", "--out", file];
  expect(await main(init)).toBe(0);
  expect(await readFile(file, "utf8")).toContain("name: jobs");
  expect(await main(["service", "check", file])).toBe(0);
  expect(printed).toContain("GET /jobs/${session.id}/events; confirmed by the response head");
  expect(await main(init)).toBe(2);
  expect(printed).toContain("is there already: give another --out, or --force");
  expect(await main([...init, "--force"])).toBe(0);
});

test("a service that is not there does not fit, in one line", async () => {
  const args = ["service", "check", profilePath("lab"), "--url", "http://127.0.0.1:1"];
  expect(await main(args)).toBe(1);
  expect(printed).toMatch(/It does not fit:\n.*nothing answers POST \/api\/sessions at http.*\n$/);
});

test.each([
  ["--url", "ftp://127.0.0.1", "give scheme, host and port, like http://127.0.0.1:3000"],
  ["--url", "https://127.0.0.1:1", "no TLS with 127.0.0.1:1: ECONNREFUSED. Fix: correct the URL"],
  ["--events", "0", "--events 0: give a whole number from 1 to 10000"],
  ["--patience", "soon", "--patience soon: give a whole number"],
])("%s %s is refused with the fix", async (flag, value, message) => {
  const url = flag === "--url" ? [] : ["--url", "http://127.0.0.1:1"];
  expect(await main(["service", "check", profilePath("lab"), ...url, flag, value])).toBe(2);
  expect(printed).toContain(message);
});
