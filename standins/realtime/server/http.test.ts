import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRaw } from "./test-support/raw-client.ts";
import { startStandIn, type TestStandIn } from "./test-support/start-stand-in.ts";

let standIn: TestStandIn;
let base: string;

beforeAll(async () => {
  standIn = await startStandIn({ env: { SELF_HOST_TENANT_NAME: "realtime,127" } });
  base = standIn.url.replace(/\/socket$/, "");
});
afterAll(() => standIn.stop());

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(base + path, {
    method: "POST",
    headers: {
      authorization: `Bearer ${standIn.serviceKey}`,
      "content-type": "application/json",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const message = { topic: "t", event: "e", payload: {} };

describe("the broadcast API", () => {
  test.each<[string, unknown, unknown]>([
    ["no messages", {}, ["can't be blank"]],
    ["no list", { messages: "x" }, ["is invalid"]],
    ["no object", { messages: [1] }, ["is invalid"]],
    [
      "a blank topic",
      { messages: [{ ...message, topic: " " }, message] },
      [{ topic: ["can't be blank"] }, {}],
    ],
    [
      "a payload that is no object",
      { messages: [{ ...message, payload: [1] }] },
      [{ payload: ["is invalid"] }],
    ],
    [
      "an oversize payload",
      { messages: [{ ...message, payload: { text: "x".repeat(3_100_000) } }] },
      [{ payload: ["Payload size exceeds tenant limit"] }],
    ],
  ])("refuses a batch with %s", async (_name, body, messages) => {
    const answer = await post("/api/broadcast?apikey=ignored", body);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toEqual({ errors: { messages } });
  });

  test("says what is left of the rate, to any origin", async () => {
    const answer = await post("/api/broadcast", { messages: [message] });
    expect(answer.status).toBe(202);
    expect(await answer.text()).toBe("");
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("x-rate-limit")).toBe("1000000");
    expect(answer.headers.get("x-rate-rolling")).toMatch(/^\d+$/);
  });

  test("refuses what is no JSON, too large, or of another kind", async () => {
    expect((await post("/api/broadcast", "{")).status).toBe(400);
    const large = { messages: [{ ...message, payload: { text: "x".repeat(8_100_000) } }] };
    expect((await post("/api/broadcast", large)).status).toBe(413);
    expect((await post("/api/broadcast/t/events/e", "x", { "content-type": "text/plain" })).status).toBe(415);
    expect((await post("/api/broadcast", { messages: [] }, { authorization: "Bearer x" })).status).toBe(401);
    expect((await post("/api/nothing", {})).status).toBe(404);
  });
});

test("clients of every name of the tenant hear each other", async () => {
  const url = `ws://127.0.0.1:${standIn.port}/socket/websocket?apikey=${standIn.anonKey}&vsn=2.0.0`;
  const byName = await connectRaw(url, "realtime.localhost:1");
  byName.send(["1", "1", "realtime:t", "phx_join", { config: {} }]);
  await byName.next();
  expect((await post("/api/broadcast", { messages: [message] })).status).toBe(202);
  const payload = { type: "broadcast", event: "e", payload: {} };
  expect(await byName.next()).toEqual([null, null, "realtime:t", "broadcast", payload]);
  byName.ws.close();
});

describe("the tenant API", () => {
  const tenants = (path: string, method: string, tenant?: object): Promise<Response> =>
    fetch(`${base}/api/tenants${path}`, {
      method,
      headers: { authorization: `Bearer ${standIn.anonKey}`, "content-type": "application/json" },
      ...(tenant === undefined ? {} : { body: JSON.stringify({ tenant }) }),
    });
  const connectTo = (tenant: string) =>
    connectRaw(`ws://127.0.0.1:${standIn.port}/socket/websocket?apikey=${standIn.anonKey}&vsn=2.0.0`, tenant);

  test("makes, changes, shows and removes a tenant of its own limits", async () => {
    const made = await tenants("", "POST", {
      external_id: "small",
      max_channels_per_client: 1,
      extensions: [],
    });
    expect(made.status).toBe(201);
    const data = { external_id: "small", max_channels_per_client: 1, max_concurrent_users: 10_000 };
    expect(await made.json()).toMatchObject({ data });
    expect((await tenants("/small", "PUT", { max_channels_per_client: 2 })).status).toBe(200);
    expect(await (await tenants("/small", "GET")).json()).toMatchObject({
      data: { max_channels_per_client: 2 },
    });
    expect(await (await tenants("/small/health", "GET")).json()).toMatchObject({ data: { healthy: true } });
    const client = await connectTo("small.localhost");
    client.send(["1", "1", "realtime:t", "phx_join", { config: {} }]);
    await client.next();
    expect((await tenants("/small", "PUT", { private_only: true })).status).toBe(200);
    expect(await client.next()).toEqual([
      null,
      null,
      "realtime:t",
      "system",
      { extension: "system", status: "ok", message: "Server requested disconnect" },
    ]);
    expect(await client.closed).toBe(1012);
    expect((await tenants("/small", "DELETE")).status).toBe(204);
    expect((await tenants("/small", "GET")).status).toBe(404);
    await expect(connectTo("small.localhost")).rejects.toThrow("404");
  });

  test("refuses a wrong token without a word, and a wrong body by its field", async () => {
    const answer = await fetch(`${base}/api/tenants`, { headers: { authorization: "Bearer x.y.z" } });
    expect([answer.status, await answer.text()]).toEqual([403, ""]);
    const wrong = await tenants("/small", "PUT", { max_joins_per_second: "ten" });
    expect(wrong.status).toBe(422);
    expect(await wrong.json()).toMatchObject({ errors: { max_joins_per_second: [expect.any(String)] } });
  });
});

test("a handshake without an upgrade is refused for its own reason first", async () => {
  const ask = async (apikey: string): Promise<[number, string]> => {
    const answer = await fetch(`${standIn.url}/websocket?vsn=1.0.0&apikey=${apikey}`);
    return [answer.status, await answer.text()];
  };
  expect(await ask("x")).toEqual([401, '{"error":"The token provided is not a valid JWT"}']);
  expect(await ask(standIn.anonKey)).toEqual([400, expect.stringContaining("upgrade")]);
});

test("health says that it is a stand-in", async () => {
  const answer = await fetch(`${base}/healthcheck`);
  expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
  expect(answer.headers.get("x-realtime")).toBe("realtime-standin");
  expect(await (await fetch(`${base}/api/ping`)).json()).toEqual({ message: "Success" });
});
