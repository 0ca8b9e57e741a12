/** How the server ends sockets, and what its tenant API does. */
import type { ConformanceCase, Step } from "../conformance-case.ts";
import { showArrived } from "../connection.ts";
import { Mismatch } from "../mismatch.ts";
import { containing } from "../pattern.ts";
import { runSteps } from "../run-steps.ts";

const TENANT = "/api/tenants/<tenant>";

/** Every channel hears of it, then the socket closes with 1012. */
const disconnected: Step[] = [
  {
    receive: "a",
    message: [
      null,
      null,
      "realtime:<topic>",
      "system",
      { extension: "system", status: "ok", message: "Server requested disconnect" },
    ],
  },
  { closed: "a", code: 1012 },
];
const joined: Step[] = [{ open: "a" }, { join: "a" }];

export const closingCases: readonly ConformanceCase[] = [
  {
    id: "close-reload",
    section: "§1.5",
    title: "a reloaded tenant's sockets hear of it and close with 1012",
    settles: true,
    tenant: {},
    run: [
      ...joined,
      { http: "POST", path: `${TENANT}/reload`, status: 204 },
      ...disconnected,
      { open: "b" },
      { join: "b" },
    ],
  },
  {
    id: "close-changed",
    section: "§1.5",
    title: "a tenant that turns private only has its sockets closed with 1012",
    settles: true,
    tenant: {},
    run: [
      ...joined,
      { http: "PUT", path: TENANT, json: { tenant: { private_only: true } }, status: 200 },
      ...disconnected,
    ],
  },
  {
    id: "close-limits-kept",
    section: "§1.5",
    title: "a tenant whose limits change keeps its sockets",
    settles: true,
    tenant: {},
    run: [
      ...joined,
      { http: "PUT", path: TENANT, json: { tenant: { max_joins_per_second: 50 } }, status: 200 },
      { quiet: "a" },
    ],
  },
  {
    id: "close-deleted",
    section: "§1.5",
    title: "a deleted tenant's sockets close with 1001 or 1012, and its handshakes get 404",
    settles: true,
    tenant: {},
    run: async (world) => {
      await runSteps([...joined, { http: "DELETE", path: TENANT, status: 204 }], world);
      const expected = "the socket closes with 1001, or with 1012 after a system message";
      const first = await world.connection("a").next(expected, world.timeoutMs);
      const closed = "frame" in first ? await world.connection("a").next(expected, world.timeoutMs) : first;
      if (!("closed" in closed && (closed.closed.code === 1001 || closed.closed.code === 1012)))
        throw new Mismatch(expected, showArrived(closed));
      const refused = { apikey: "<token:service>" };
      await runSteps([{ refused, status: 404, body: { error: "Tenant not found" } }], world);
    },
  },
  {
    id: "close-oversize-frame",
    section: "§1.1",
    title: "a frame of more than 5,000,000 bytes closes the socket with 1009",
    settles: true,
    needs: ["bare"],
    run: [{ open: "a" }, { send: "a", frame: new Uint8Array(5_100_000) }, { closed: "a", code: 1009 }],
  },
  {
    id: "close-idle",
    section: "§1.1",
    title: "a socket that sends nothing for 60 s is closed with 1000",
    settles: true,
    needs: ["slow", "bare"],
    run: [{ open: "a" }, { join: "a" }, { closed: "a", code: 1000, withinMs: 90_000 }],
  },
  {
    id: "tenants-apart",
    section: "§4",
    title: "two tenants never see each other's broadcasts",
    tenant: {},
    run: [
      ...joined,
      {
        http: "POST",
        path: "/api/broadcast",
        json: { messages: [{ topic: "<topic>", event: "theirs", payload: {} }] },
        tenant: "<main>",
        status: 202,
      },
      {
        http: "POST",
        path: "/api/broadcast",
        json: { messages: [{ topic: "<topic>", event: "mine", payload: {} }] },
        status: 202,
      },
      {
        receive: "a",
        message: [
          null,
          null,
          "realtime:<topic>",
          "broadcast",
          { type: "broadcast", event: "mine", payload: {} },
        ],
      },
      { quiet: "a" },
    ],
  },
  {
    id: "tenants-api",
    section: "§4",
    title: "the tenant API shows a tenant's limits, takes changes, and forgets it",
    tenant: { max_channels_per_client: 7 },
    run: [
      {
        http: "GET",
        path: TENANT,
        status: 200,
        answers: {
          data: containing({ external_id: "<tenant>", max_channels_per_client: 7, private_only: false }),
        },
      },
      { http: "PUT", path: TENANT, json: { tenant: { max_channels_per_client: 8 } }, status: 200 },
      {
        http: "GET",
        path: TENANT,
        status: 200,
        answers: { data: containing({ max_channels_per_client: 8 }) },
      },
      { http: "DELETE", path: TENANT, status: 204 },
      { http: "GET", path: TENANT, status: 404 },
    ],
  },
  ...([null, "wrong-secret"] as const).map((token): ConformanceCase => ({
    id: `tenants-refused-${token ?? "no-token"}`,
    section: "§4",
    title: `the tenant API answers 403 ${token === null ? "without a token" : "to a token of another secret"}`,
    needs: ["bare"],
    run: [{ http: "GET", path: TENANT, token, status: 403, answers: "" }],
  })),
];
