/** Opening the WebSocket: what is taken, and each refusal. */
import type { ConformanceCase } from "../conformance-case.ts";

const refusal = (
  id: string,
  title: string,
  status: number,
  error: string,
  refused: { apikey: string | null; tenant?: string; headers?: Readonly<Record<string, string>> },
): ConformanceCase => ({
  id: `handshake-${id}`,
  section: "§1.2",
  title,
  needs: ["bare"],
  run: [{ refused, status, body: { error } }],
});

const NOT_A_JWT = "The token provided is not a valid JWT";
const NO_CLAIMS = "Fields `role` and `exp` are required in JWT";

export const handshakeCases: readonly ConformanceCase[] = [
  refusal("unknown-tenant", "a host name of no tenant is refused with 404", 404, "Tenant not found", {
    apikey: "<token:service>",
    tenant: "sse-lab-conformance-nobody",
  }),
  refusal("no-key", "a handshake without a key is refused with 401", 401, "API key is missing", {
    apikey: null,
  }),
  refusal("no-jwt", "a key that is no JWT is refused with 401", 401, NOT_A_JWT, { apikey: "not-a-token" }),
  refusal(
    "wrong-secret",
    "a key signed with another secret is refused with 401",
    401,
    "Failed to validate JWT signature",
    {
      apikey: "<token:wrong-secret>",
    },
  ),
  refusal(
    "no-signer",
    "a key of an algorithm that the tenant has no key for is refused with 401",
    401,
    "Failed to generate JWT signer, check your JWT secret or JWKS configuration",
    { apikey: "<token:no-signer>" },
  ),
  refusal("expired", "an expired key is refused with 401", 401, "Token has expired", {
    apikey: "<token:expired>",
  }),
  refusal("no-role", "a key without the claim role is refused with 401", 401, NO_CLAIMS, {
    apikey: "<token:no-role>",
  }),
  refusal("no-exp", "a key without the claim exp is refused with 401", 401, NO_CLAIMS, {
    apikey: "<token:no-exp>",
  }),
  refusal("tenant-first", "the tenant is looked up before the key", 404, "Tenant not found", {
    apikey: null,
    tenant: "sse-lab-conformance-nobody",
  }),
  refusal("header-wins", "a bad x-api-key header wins over a good apikey", 401, NOT_A_JWT, {
    apikey: "<token:service>",
    headers: { "x-api-key": "not-a-token" },
  }),
  {
    id: "handshake-suspended",
    section: "§1.2",
    title: "a suspended tenant is refused with 403",
    tenant: {},
    run: [
      { http: "PUT", path: "/api/tenants/<tenant>", json: { tenant: { suspend: true } }, status: 200 },
      {
        refused: { apikey: "<token:service>" },
        status: 403,
        body: { error: "Realtime was disabled for this tenant" },
      },
    ],
  },
  {
    id: "handshake-x-api-key",
    section: "§1.1",
    title: "a key in the header x-api-key is taken, whatever the query's apikey is",
    needs: ["bare"],
    run: [{ open: "a", headers: { "x-api-key": "<token:service>" } }, { join: "a" }],
  },
  {
    id: "handshake-vsn-default",
    section: "§1.1",
    title: "without vsn the version is 1.0.0",
    run: [{ open: "a", vsn: null }, { join: "a" }, { quiet: "a" }],
  },
  ...["1.0.7", "2.0.3"].map((vsn): ConformanceCase => ({
    id: `handshake-vsn-${vsn}`,
    section: "§1.1",
    title: `vsn ${vsn} is taken for ${vsn[0] ?? ""}.0.0`,
    run: [{ open: "a", vsn }, { join: "a" }, { quiet: "a" }],
  })),
  ...["3.0.0", "2.1.0", "latest"].map((vsn): ConformanceCase => ({
    id: `handshake-vsn-${vsn}`,
    section: "§1.2",
    title: `vsn ${vsn} is refused with 403 and no body`,
    needs: ["bare"],
    settles: true,
    run: [{ refused: { apikey: "<token:service>", vsn }, status: 403, body: "" }],
  })),
  {
    id: "handshake-no-upgrade",
    section: "§1.2",
    title:
      "the same request without an upgrade is refused for the same reason, and with 400 where there is none",
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
  {
    id: "handshake-any-role",
    section: "§1.1",
    title: "any role opens a socket and joins public channels",
    run: [{ open: "a", token: "anon" }, { join: "a" }, { quiet: "a" }],
  },
  {
    id: "handshake-no-compression",
    section: "§1.1",
    title: "an offered permessage-deflate is not taken up",
    needs: ["bare"],
    run: [{ open: "a", offerDeflate: true }, { quiet: "a" }],
  },
  {
    id: "handshake-ping",
    section: "§1.1",
    title: "a WebSocket ping is answered",
    run: [{ open: "a" }, { ping: "a" }],
  },
];
