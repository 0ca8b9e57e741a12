import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
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
  await writeFile(
    join(leases, "1.json"),
    JSON.stringify({ pid: 1, startTime: "of a process before it" }),
  );
  expect(await imageUsers(env)).toEqual([child.pid]);
  child.kill();
  await child;
  expect(await imageUsers(env)).toEqual([]);
  expect(await readdir(leases)).toEqual([`${process.pid}.json`]);
});

test("a file that is just being written is not removed", async () => {
  const env = { SSE_LAB_CACHE: folder };
  await registerImageUser(env);
  await writeFile(join(folder, "image-leases", "2.json"), "");
  expect(await imageUsers(env)).toEqual([]);
  expect(await readdir(join(folder, "image-leases"))).toContain("2.json");
});
