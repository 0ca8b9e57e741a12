// From harness/service/profiles/lab.service.yaml, by harness/service/scripts/write-generated.ts.
import type { ServiceProtocol } from "./service-protocol.ts";

/** The lab's own server. */
export const LAB_PROTOCOL: ServiceProtocol = {
  name: "lab",
  instanceHeader: "x-instance",
  session: {
    request: { method: "POST", path: "/api/sessions", headers: {}, body: {}, accept: [201] },
    values: {
      id: { from: "body", pointer: "/sessionId" },
      token: { from: "body", pointer: "/token" },
      epoch: { from: "body", pointer: "/epoch" },
    },
    credentials: { "x-session-id": "${session.id}", authorization: "Bearer ${session.token}" },
  },
  background: {
    method: "GET",
    path: "/healthz",
    headers: {},
    clock: "/clockMs",
    instance: "/instance",
  },
  stream: {
    request: { method: "GET", path: "/api/sessions/${session.id}/events", headers: {} },
    eventSourcePath: "/api/sessions/${session.id}/events?token=${session.token}",
    confirmed: {
      by: "event",
      name: "connected",
      instance: "/instance",
      since: "/subscribedMs",
      resume: "/resume/status",
      retry: "/retryMs",
    },
    sendsLastEventId: true,
    noise: [],
    hint: { name: "reconnect", retry: "/retryMs" },
    gap: { name: "replay_gap", reason: "/reason" },
  },
  start: {
    method: "POST",
    path: "/api/sessions/${session.id}/pipeline",
    headers: {},
    body: {
      events: "${load.events}",
      eventsPerSecond: "${load.rate}",
      gates: "${load.gates}",
      payloadBytes: "${load.payloadBytes}",
      seed: "${load.seed}",
    },
    accept: [202],
    running: { status: 409, has: "/epoch" },
    run: "/epoch",
    total: "/total",
    instance: "/instance",
  },
  gate: {
    method: "POST",
    path: "/api/sessions/${session.id}/pipeline/gate",
    headers: {},
    body: { gate: "${gate}", answer: "approve" },
    accept: [202],
    event: "pipeline_gate",
    gate: "/payload/gate",
  },
  event: {
    sequence: {
      from: "id",
      pattern: {
        source: '^([^\\x00-\\x20"\\\\]+)\\-(0|[1-9][0-9]*)$',
        sequence: 2,
        run: 1,
        separator: "-",
      },
      first: 1,
    },
    run: { from: "id" },
    total: { from: "plan" },
    published: { pointer: "/publishedMs", clock: "monotonic" },
    terminal: { names: ["pipeline_complete", "pipeline_error"], data: [], fields: [] },
    error: { names: [], data: [], fields: [] },
  },
  realtime: {
    access: "/realtime",
    token: { method: "POST", path: "/api/sessions/${session.id}/realtime-token", headers: {} },
    log: { method: "GET", path: "/api/sessions/${session.id}/log", headers: {} },
  },
};
