"use k6 with k6/x/sse";
/**
 * The event contract on one page of plain k6: create a session, follow its stream, start its
 * pipeline, count what arrives.
 *
 *     k6 run -e URL=http://127.0.0.1:8080 loadtests/plain-sse.ts
 *
 * It never reconnects, so all that follows a cut counts as missing. `sse.ts` reconnects as a page
 * does, draws arrivals from a seed, and tells the causes of a loss apart.
 */
import { check } from "k6";
import http, { type Response } from "k6/http";
import { Counter, Trend } from "k6/metrics";
import sse from "k6/x/sse";
import type { Health, PipelineSSEEvent, SessionCreated } from "../server/src/contract/events.ts";

const api = `${__ENV["URL"] ?? "http://127.0.0.1:8080"}/api/sessions`;
const plan = { events: 50, eventsPerSecond: 5, gates: 0, payloadBytes: 200, seed: 1 };

const received = new Counter("sse_events_received");
const missing = new Counter("sse_events_missing");
const latency = new Trend("sse_event_latency", true);

export const options = {
  scenarios: { pages: { executor: "per-vu-iterations", vus: 10, maxDuration: "1m" } },
  thresholds: {
    checks: ["rate==1"],
    sse_events_missing: ["count==0"],
    sse_event_latency: ["p(99)<1000"],
  },
};

const post = (path: string, body: object, token = ""): Response => {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const answer = http.post(`${api}${path}`, JSON.stringify(body), {
    headers,
    tags: { name: "POST" },
  });
  check(answer, { "POST is accepted": ({ status }) => status === 201 || status === 202 });
  return answer;
};

export default (): void => {
  const { sessionId, token } = post("", {}).json() as unknown as SessionCreated;
  // Events state their times on the instance's clock.
  const { clockMs } = http
    .get(api.replace("/api/sessions", "/healthz"))
    .json() as unknown as Health;
  const aheadMs = clockMs - Date.now();
  let count = 0;
  const params = {
    headers: { authorization: `Bearer ${token}` },
    timeout: "30s",
    tags: { name: "GET /api/sessions/:id/events" },
  };
  const answer = sse.open(`${api}/${sessionId}/events`, params, (client) => {
    client.on("event", ({ id, name, data }) => {
      // The first event confirms the stream: what is published from now on arrives.
      if (name === "connected") post(`/${sessionId}/pipeline`, plan, token);
      // Heartbeats are comments; xk6-sse reports them as events without data.
      if (name === "connected" || data === "" || id === "") return;
      const { intendedMs } = JSON.parse(data) as PipelineSSEEvent;
      count += 1;
      received.add(1);
      latency.add(Date.now() + aheadMs - intendedMs);
      if (name === "pipeline_complete") client.close();
    });
    client.on("error", () => client.close());
  });
  check(answer, { "the stream is opened": ({ status }) => status === 200 });
  missing.add(plan.events - count);
};
