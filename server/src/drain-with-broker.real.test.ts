import { afterEach, expect, test, vi } from "vitest";
import { startTestServer } from "../test-support/test-server.ts";
import { startValkey } from "../test-support/valkey.ts";

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

test("serves streams elsewhere until a pipeline ends within its grace period", async () => {
  const valkey = await startValkey();
  running.push(valkey);
  const environment = {
    REDIS_URL: valkey.url,
    FF_REDIS_SSE_BROADCAST: "true",
    DRAIN_GRACE_MS: "20000",
  };
  const leaving = await startTestServer({ ...environment, INSTANCE: "server-1" });
  const staying = await startTestServer({ ...environment, INSTANCE: "server-2" });
  running.push(leaving, staying);
  const session = await leaving.api.createSession();
  const stream = await staying.api.connect(session);
  await leaving.api.start(session, { events: 60, eventsPerSecond: 100 });
  await vi.waitFor(() => expect(stream.events.length).toBeGreaterThan(3), { interval: 5 });
  await leaving.stop();
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
  expect(stream.events.map(({ seq }) => seq)).toEqual(
    Array.from({ length: 60 }, (_, index) => index + 1),
  );
  stream.close();
});
