import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identityOf } from "../../common/processes/process-identity.ts";
import { imageUsers, registerImageUser } from "./image-usage.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-leases-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a process counts as a user for others, not for itself, until it ends", async () => {
  const env = { SSE_LAB_CACHE: folder };
  expect(await imageUsers(env)).toEqual([]);
  await registerImageUser(env);
  expect(await imageUsers(env)).toEqual([]);
  const leases = join(folder, "image-leases");
  const child = execa("sleep", ["60"], { reject: false });
  await writeFile(join(leases, `${child.pid}.json`), JSON.stringify(identityOf(child.pid!)));
  await writeFile(join(leases, "1.json"), JSON.stringify({ ...identityOf(process.pid), pid: 1 }));
  expect(await imageUsers(env)).toEqual([child.pid]);
  child.kill();
  await child;
  expect(await imageUsers(env)).toEqual([]);
  const [own = "", ...others] = await readdir(leases);
  expect(own.startsWith(`${process.pid}.`)).toBe(true);
  expect(others).toEqual([]);
});

test("a process of another container counts for a day", async () => {
  const env = { SSE_LAB_CACHE: folder };
  await registerImageUser(env);
  const file = join(folder, "image-leases", "9.json");
  const { startTime } = identityOf(process.pid)!;
  const elsewhere = { pid: 9, startTime: startTime.replace(/\d+$/, "1") };
  await writeFile(file, JSON.stringify(elsewhere));
  expect(await imageUsers(env)).toEqual([9]);
  const before = new Date(Date.now() - 25 * 3600 * 1000);
  await utimes(file, before, before);
  expect(await imageUsers(env)).toEqual([]);
});

test("a file that is just being written is not removed", async () => {
  const env = { SSE_LAB_CACHE: folder };
  await registerImageUser(env);
  await writeFile(join(folder, "image-leases", "2.json"), "");
  expect(await imageUsers(env)).toEqual([]);
  expect(await readdir(join(folder, "image-leases"))).toContain("2.json");
});
