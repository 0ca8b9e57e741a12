import { expect, test, vi } from "vitest";
import type { Health } from "../contract/events.ts";
import { nowMs } from "../../../common/clock.ts";
import { startTestServer } from "../../test-support/test-server.ts";

test("is healthy and ready, without a broker too", async () => {
  await using server = await startTestServer();
  const askedMs = nowMs();
  const health = (await (await fetch(`${server.url}/healthz`)).json()) as Health;
  expect(health).toEqual({
    status: "ok",
    instance: "server-1",
    clockMs: expect.any(Number) as number,
  });
  expect(health.clockMs).toBeGreaterThanOrEqual(askedMs);
  expect(health.clockMs).toBeLessThanOrEqual(nowMs());
  expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({
    status: "ready",
    instance: "server-1",
    broker: "none",
  });
});

test("counts streams, events and pipelines for Prometheus", async () => {
  await using server = await startTestServer();
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await server.api.start(session, { events: 5 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toMatch(/^sse_streams_open 1$/m);
  expect(text).toMatch(/^sse_events_published_total\{route="local"\} 5$/m);
  expect(text).toMatch(/^sse_events_written_total 5$/m);
  expect(text).toMatch(/^pipelines_running 0$/m);
  expect(text).toMatch(
    /^http_requests_total\{method="POST",route="\/api\/sessions\/:id\/pipeline",status="202"\} 1$/m,
  );
  expect(text).toMatch(/^process_cpu_seconds_total /m);
  stream.close();
  await vi.waitFor(async () =>
    expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/^sse_streams_open 0$/m),
  );
});
