import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTestLab, processesOf, type TestLab } from "./test-support/test-lab.ts";

let lab: TestLab;
beforeEach(() => {
  lab = createTestLab();
});
afterEach(() => lab.close());

const SESSIONS = Array.from({ length: 300 }, (_, index) => `session-${index}`);

/** Instance by session, as the router sends them now. */
const homesOf = async (url: string): Promise<Map<string, string>> =>
  new Map(
    await Promise.all(
      SESSIONS.map(async (session): Promise<[string, string]> => {
        const answer = await fetch(`${url}/healthz`, { headers: { "x-session-id": session } });
        return [session, answer.headers.get("x-instance") ?? `status ${answer.status}`];
      }),
    ),
  );

const sessionsOn = (homes: Map<string, string>, instance: string): string[] =>
  SESSIONS.filter((session) => homes.get(session) === instance);

test("phase1-header: only sessions of a lost instance move, and they return with it", async () => {
  const deployment = await lab.up("phase1-header");
  const { url, control, instances, dashboardUrl, versions } = deployment;
  expect(versions).toHaveProperty("haproxy");
  expect(versions).not.toHaveProperty("traefik");
  expect(await (await fetch(dashboardUrl)).text()).toContain("Statistics Report for HAProxy");

  const before = await homesOf(url);
  expect(await homesOf(url)).toEqual(before);
  // The ring is the same on every host, so this is no matter of chance.
  for (const instance of instances) {
    expect(sessionsOn(before, instance).length).toBeGreaterThan(SESSIONS.length / 5);
  }

  await control.kill("server-2");
  const moved = sessionsOn(before, "server-2");
  const without = await vi.waitFor(
    async () => {
      const homes = await homesOf(url);
      expect(new Set(homes.values())).toEqual(new Set(["server-1", "server-3"]));
      return homes;
    },
    { timeout: 10_000 },
  );
  const changed = SESSIONS.filter((session) => without.get(session) !== before.get(session));
  expect(changed).toEqual(moved);
  // And not all to one neighbour.
  for (const instance of ["server-1", "server-3"]) {
    expect(moved.filter((session) => without.get(session) === instance).length).toBeGreaterThan(0);
  }

  await control.start("server-2");
  expect(await homesOf(url)).toEqual(before);
});

test("the end of HAProxy is reported by its name", async () => {
  const exits: string[] = [];
  const { workDir } = await lab.up("phase1-header", {
    replicas: 2,
    onComponentExit: (part) => exits.push(part),
  });
  const line = processesOf(workDir).find((one) => one.includes("haproxy.cfg")) ?? "";
  process.kill(Number.parseInt(line, 10), "SIGKILL");
  await vi.waitFor(() => expect(exits).toEqual(["haproxy"]));
});

test("a topology of Traefik needs no HAProxy, one of HAProxy says how to get it", async () => {
  vi.stubEnv("SSE_LAB_HAPROXY", "/nowhere/haproxy");
  try {
    await lab.up("phase0");
    await expect(lab.up("phase1-header")).rejects.toThrow(
      /SSE_LAB_HAPROXY=\/nowhere\/haproxy does not run .*Fix: point SSE_LAB_HAPROXY to a HAProxy 2\.6\.0 or newer/,
    );
  } finally {
    vi.unstubAllEnvs();
  }
});
