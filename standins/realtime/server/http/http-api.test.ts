import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRaw } from "../test-support/raw-client.ts";
import { startStandIn, type TestStandIn } from "../test-support/start-stand-in.ts";

let standIn: TestStandIn;
let base: string;

beforeAll(async () => {
  standIn = await startStandIn({ env: { SELF_HOST_TENANT_NAME: "realtime,127" } });
  base = standIn.url.replace(/\/socket$/, "");
});
afterAll(() => standIn.stop());

const post = (
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> =>
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
    ["missing messages", {}, ["can't be blank"]],
    ["messages that are not a list", { messages: "x" }, ["is invalid"]],
    ["a message that is not an object", { messages: [1] }, ["is invalid"]],
    [
      "a blank topic",
      { messages: [{ ...message, topic: " " }, message] },
      [{ topic: ["can't be blank"] }, {}],
    ],
    [
      "a payload that is not an object",
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

  test("answers contain the rate and the limit", async () => {
    const answer = await post("/api/broadcast", { messages: [message] });
    expect(answer.status).toBe(202);
    expect(await answer.text()).toBe("");
    expect(answer.headers.get("x-rate-limit")).toBe("1000000");
    expect(answer.headers.get("x-rate-rolling")).toMatch(/^\d+$/);
  });

  test("refuses invalid JSON, a body that is too large, a bad token and an unknown path", async () => {
    expect((await post("/api/broadcast", "{")).status).toBe(400);
    const large = { messages: [{ ...message, payload: { text: "x".repeat(8_100_000) } }] };
    expect((await post("/api/broadcast", large)).status).toBe(413);
    expect(
      (await post("/api/broadcast", { messages: [] }, { authorization: "Bearer x" })).status,
    ).toBe(401);
    expect((await post("/api/nothing", {})).status).toBe(404);
  });
});

test("clients on every host name of the tenant receive the same broadcasts", async () => {
  const url = `ws://127.0.0.1:${standIn.port}/socket/websocket?apikey=${standIn.anonKey}&vsn=2.0.0`;
  const byName = await connectRaw(url, "realtime.localhost:1");
  byName.send(["1", "1", "realtime:t", "phx_join", { config: {} }]);
  await byName.next();
  expect((await post("/api/broadcast", { messages: [message] })).status).toBe(202);
  const payload = { type: "broadcast", event: "e", payload: {} };
  expect(await byName.next()).toEqual([null, null, "realtime:t", "broadcast", payload]);
  byName.ws.close();
});

test("a request without an upgrade is refused for its token first", async () => {
  const ask = async (apikey: string): Promise<[number, string]> => {
    const answer = await fetch(`${standIn.url}/websocket?vsn=1.0.0&apikey=${apikey}`);
    return [answer.status, await answer.text()];
  };
  expect(await ask("x")).toEqual([401, '{"error":"The token provided is not a valid JWT"}']);
  expect(await ask(standIn.anonKey)).toEqual([400, expect.stringContaining("upgrade")]);
});

test("every HTTP answer names the stand-in", async () => {
  const answer = await fetch(`${base}/healthcheck`);
  expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
  expect(answer.headers.get("x-realtime")).toBe("realtime-standin");
  expect(await (await fetch(`${base}/api/ping`)).json()).toEqual({ message: "Success" });
  const unknown = await connectRaw(
    `ws://127.0.0.1:${standIn.port}/socket/websocket`,
    "x.local",
  ).catch(String);
  expect(unknown).toContain("404");
});
