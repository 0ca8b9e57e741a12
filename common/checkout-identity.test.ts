import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PROJECT_ROOT } from "./paths.ts";
import { movedPath } from "./checkout-identity.ts";
import { firstLine, permits, startIn } from "./test-support/namespaces.ts";

let folder: string;
let checkout: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-identity-"));
  checkout = join(folder, "lab");
  mkdirSync(join(checkout, "infra", "state"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const MODULE = new URL("checkout-identity.ts", import.meta.url).href;
const script = (root: string): string => `
  import { checkoutId } from ${JSON.stringify(MODULE)};
  console.log(checkoutId(${JSON.stringify(root)}));`;

/** The id as a process of its own sees it. */
const idOf = async (root: string): Promise<string> => {
  const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", script(root)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await Promise.all([firstLine(child), once(child, "exit")]);
  return line;
};

test("an id is made once, also by commands at one time, and a rename keeps it", async () => {
  const ids = await Promise.all([1, 2, 3].map(() => idOf(checkout)));
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^[0-9a-f]{12}$/);
  const renamed = join(folder, "renamed");
  renameSync(checkout, renamed);
  expect(await idOf(renamed)).toBe(ids[0]);
  expect(readdirSync(join(renamed, "infra", "state"))).toHaveLength(1);
});

test.each([
  ["cp -a", (copy: string) => execFileSync("cp", ["-a", checkout, copy])],
  ["cp -al, by hard links", (copy: string) => execFileSync("cp", ["-al", checkout, copy])],
  ["without a file's times", (copy: string) => cpSync(checkout, copy, { recursive: true })],
])("a copy by %s gets an id of its own, and so does a clone", async (_, makeCopy) => {
  const id = await idOf(checkout);
  const copy = join(folder, "copy");
  makeCopy(copy);
  const copied = await idOf(copy);
  expect(copied).not.toBe(id);
  expect(await idOf(checkout)).toBe(id);
  expect(await idOf(copy)).toBe(copied);
});

test.runIf(permits("mounts"))(
  "two checkouts that two containers have at one path differ, also if one is a copy",
  async () => {
    const id = await idOf(checkout);
    const copy = join(folder, "copy");
    execFileSync("cp", ["-a", checkout, copy]);
    const there = startIn(["mounts"], script(checkout), `mount --bind ${copy} ${checkout}`);
    expect(await firstLine(there)).not.toBe(id);
    // The same checkout at another path, as a container has it.
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere);
    const mount = `mount --bind ${checkout} ${elsewhere}`;
    expect(await firstLine(startIn(["mounts"], script(elsewhere), mount))).toBe(id);
  },
);

test.runIf(permits("mounts"))("a read-only checkout without an id is no error", async () => {
  const readOnly = `mount --bind ${checkout} ${checkout} && mount -o remount,ro,bind ${checkout}`;
  const child = startIn(["mounts"], script(checkout), readOnly);
  expect(await firstLine(child)).toMatch(/^[0-9a-f]{12}$/);
  expect(existsSync(join(checkout, "infra", "state"))).toBe(true);
  expect(readdirSync(join(checkout, "infra", "state"))).toEqual([]);
});

test("paths move with the checkout, and others stay", () => {
  expect(movedPath("/old/lab/.sse-lab/x", "/old/lab")).toBe(join(PROJECT_ROOT, ".sse-lab/x"));
  expect(movedPath("--config=/old/lab/x", "/old/lab")).toBe(`--config=${PROJECT_ROOT}/x`);
  expect(movedPath("/old/lab-2/x", "/old/lab")).toBe("/old/lab-2/x");
  expect(movedPath("/x/old/lab/x", "/old/lab")).toBe("/x/old/lab/x");
});
