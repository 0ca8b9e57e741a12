import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { startStandIn } from "../standins/realtime/server/test-support/start-stand-in.ts";
import { buildServer } from "./build.ts";
import type { RealtimeAccess } from "./src/contract/events.ts";
import { spawnServer } from "./test-support/child-server.ts";
import { realtimeEnvironment } from "./test-support/realtime-environment.ts";
import { subscribedPage } from "./test-support/realtime-page.ts";

test("runs as one bundled file under plain node", async () => {
  const dir = await mkdtemp(join(tmpdir(), "sse-server-bundle-"));
  try {
    const file = join(dir, "server.mjs");
    await buildServer(file);
    // A Redis that is away loads that part of the bundle as well, and must not keep the process
    // alive.
    const server = await spawnServer(
      { REDIS_URL: "redis://127.0.0.1:1", FF_REDIS_SSE_BROADCAST: "true" },
      file,
    );
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    const session = await server.api.createSession();
    const stream = await server.api.connect(session);
    await server.api.start(session, { events: 3 });
    await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
    server.process.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("speaks to Supabase Realtime from the bundle, by both ways to publish", async () => {
  const dir = await mkdtemp(join(tmpdir(), "sse-server-bundle-"));
  const realtime = await startStandIn();
  try {
    const file = join(dir, "server.mjs");
    await buildServer(file);
    for (const REALTIME_PUBLISH of ["http", "websocket"]) {
      const server = await spawnServer(
        { ...realtimeEnvironment(realtime), REALTIME_PUBLISH },
        file,
      );
      const session = await server.api.createSession();
      const page = await subscribedPage(session.realtime as RealtimeAccess);
      await server.api.start(session, { events: 3 });
      await vi.waitFor(() => expect(page.received).toHaveLength(3));
      await page.close();
      server.process.kill("SIGTERM");
      expect(await server.exited).toBe(0);
    }
  } finally {
    await realtime.stop();
    await rm(dir, { recursive: true });
  }
});
