/** Opening the WebSocket: each refusal. */
import type { ConformanceCase } from "../conformance-case.ts";

const NOT_A_JWT = "The token provided is not a valid JWT";

const refusal = (
  id: string,
  title: string,
  status: number,
  error: string,
  refused: { apikey: string | null; tenant?: string },
): ConformanceCase => ({
  id: `handshake-${id}`,
  section: "§1.2",
  title,
  needs: ["bare"],
  run: [{ refused, status, body: { error } }],
});

export const handshakeCases: readonly ConformanceCase[] = [
  refusal("unknown-tenant", "an unknown host name is refused with 404", 404, "Tenant not found", {
    apikey: "<token:service>",
    tenant: "sse-lab-conformance-unknown",
  }),
  refusal("no-key", "a handshake without a key is refused with 401", 401, "API key is missing", {
    apikey: null,
  }),
  refusal("no-jwt", "a key that is not a JWT is refused with 401", 401, NOT_A_JWT, {
    apikey: "not-a-token",
  }),
  refusal(
    "wrong-secret",
    "a key signed with another secret is refused with 401",
    401,
    "Failed to validate JWT signature",
    { apikey: "<token:wrong-secret>" },
  ),
  refusal("expired", "an expired key is refused with 401", 401, "Token has expired", {
    apikey: "<token:expired>",
  }),
  {
    id: "handshake-no-upgrade",
    section: "§1.2",
    title: "a request without an upgrade gets the same refusal, or 400 if its key is valid",
    needs: ["bare"],
    settles: true,
    run: [
      {
        http: "GET",
        path: "/socket/websocket?vsn=1.0.0&apikey=not-a-token",
        token: null,
        status: 401,
        answers: { error: NOT_A_JWT },
      },
      {
        http: "GET",
        path: "/socket/websocket?vsn=1.0.0&apikey=<token:service>",
        token: null,
        status: 400,
      },
    ],
  },
];
