import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runDoctorChecks, type DoctorCheck } from "./doctor-checks.ts";

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "sse-lab-doctor-test-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(stateDir, { recursive: true });
});

const find = (checks: readonly DoctorCheck[], name: string): DoctorCheck | undefined =>
  checks.find((one) => one.name === name);

test("the doctor looks at everything the lab needs and changes nothing", async () => {
  vi.stubEnv("SSE_LAB_CACHE", join(stateDir, "cache"));
  const checks = await runDoctorChecks(stateDir);
  expect(checks.map((one) => one.name)).toEqual([
    "node",
    "traefik",
    "valkey",
    "haproxy",
    "python3 with pip",
    "open files",
    "ephemeral ports",
    "realtime",
    "host",
    "state folder",
    "leftovers",
  ]);
  expect(find(checks, "node")).toMatchObject({ status: "ok", detail: process.versions.node });
  expect(["ok", "will-fetch"]).toContain(find(checks, "traefik")?.status);
  expect(find(checks, "leftovers")).toMatchObject({ status: "ok", detail: "none" });
});

test("a tool that cannot be had is missing, with the fix", async () => {
  vi.stubEnv("SSE_LAB_CACHE", join(stateDir, "cache"));
  vi.stubEnv("PATH", "/nowhere");
  vi.stubEnv("SSE_LAB_VALKEY", "");
  vi.stubEnv("SSE_LAB_TRAEFIK", "/nowhere/traefik");
  const checks = await runDoctorChecks(stateDir);
  const traefik = find(checks, "traefik");
  expect(traefik).toMatchObject({
    status: "missing",
    detail: expect.stringContaining("ENOENT") as string,
  });
  expect(traefik?.fix).toContain("SSE_LAB_TRAEFIK");
  expect(find(checks, "valkey")).toMatchObject({ status: "missing" });
  expect(find(checks, "valkey")?.fix).toContain("python3-pip");
  expect(find(checks, "python3 with pip")).toMatchObject({
    status: "missing",
    detail: "python3 is not on PATH",
  });
});

test("a state file that cannot be read is named", async () => {
  writeFileSync(join(stateDir, "torn.json"), "{");
  const leftovers = find(await runDoctorChecks(stateDir), "leftovers");
  expect(leftovers).toMatchObject({
    status: "note",
    detail: `unreadable: ${join(stateDir, "torn.json")}`,
  });
});
