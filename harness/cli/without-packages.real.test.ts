/** `make` in a copy of this checkout whose packages are missing, broken, or in use. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { fromRoot } from "../../common/paths.ts";
import { copyOfCheckout } from "./test-support/copy-of-checkout.ts";
import { NO_ENGINE } from "./test-support/run-command.ts";

let folder: string;
let modules: string;
// One copy for all tests: each leaves it as it was, but for the last one.
beforeAll(async () => {
  folder = await copyOfCheckout();
  modules = join(folder, "node_modules");
});
afterEach(async () => {
  rmSync(modules, { recursive: true, force: true });
  symlinkSync(fromRoot("node_modules"), modules);
  await make("down");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const make = (...args: string[]) =>
  execa("make", args, { cwd: folder, env: NO_ENGINE, all: true, reject: false });

/** The copy shares node_modules, which no install may touch. */
const INSTALLED = ["-o", "node_modules/.installed"];

test.each([
  ["missing", () => undefined],
  [
    "half an install",
    () => {
      mkdirSync(join(modules, "esbuild"), { recursive: true });
      writeFileSync(join(modules, "esbuild", "package.json"), "{");
    },
  ],
])("make down works with node_modules %s", async (_, leave) => {
  const up = await make(...INSTALLED, "phase0", "PLATFORM=local");
  expect(up.exitCode, up.all).toBe(0);
  rmSync(modules);
  leave();
  const down = await make("down");
  expect(down.stdout, down.all).toMatch(/removed phase0-[0-9a-f]{8} \(3 processes\)/);
  expect(down.exitCode).toBe(0);
});

test("packages are not installed under a running command", async () => {
  await make(...INSTALLED, "phase0", "PLATFORM=local");
  const load = ["loadtest", "PLATFORM=local", "TOPOLOGIES=phase0", "BOUNCES=none", "SESSIONS=2"];
  const running = make(...INSTALLED, ...load, "RATE=1");
  await new Promise<void>((resolve) => {
    running.all.on("data", (data: Buffer) => {
      if (data.toString().includes("results in")) resolve();
    });
  });
  // As after a pull that changed the packages.
  writeFileSync(join(folder, "package-lock.json"), "{");
  const again = await make("doctor");
  expect(again.exitCode).toBe(2);
  expect(again.stderr).toMatch(/still runs from the old ones \(process \d+\): wait for it or end/);
  running.kill("SIGINT");
  await running;
});
