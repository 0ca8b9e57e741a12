import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type DoubleResult, runDouble } from "../run-double.ts";

function answer(request: IncomingMessage, response: ServerResponse): void {
  switch (request.url) {
    case "/pin":
      response.setHeader("set-cookie", [
        "affinity=i-2; Path=/; HttpOnly",
        "other=1; Path=/elsewhere",
      ]);
      response.setHeader("x-instance", "i-2");
      response.end("{}");
      break;
    case "/redirect":
      response.writeHead(303, { location: "/echo", "set-cookie": "hop=1; Path=/" }).end();
      break;
    case "/silent":
      break;
    case "/cut":
      response.destroy();
      break;
    case "/missing":
      response.writeHead(404).end("no");
      break;
    default: {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method, headers, rawHeaders } = request;
        const echo = { method, headers, rawHeaders, body: Buffer.concat(chunks).toString() };
        response.end(
          request.url === "/events" ? `data: ${JSON.stringify(echo)}\n\n` : JSON.stringify(echo),
        );
      });
    }
  }
}

const SCRIPT = `
import http from "k6/http";
import sse from "k6/x/sse";
import { check } from "k6";
export const options = { scenarios: { s: { executor: "per-vu-iterations", iterations: 2 } } };
const url = __ENV.URL;
const say = (name, value) => { if (__ITER === 0) console.log(JSON.stringify({ name, value })); };
function tryIt(run) {
  try {
    return run();
  } catch (error) {
    return [error instanceof Error, error.message];
  }
}
export default async function () {
  const before = http.get(url + "/echo").json().headers.cookie;
  if (__ITER === 1) console.log(JSON.stringify({ name: "next iteration", value: before ?? null }));
  const pinned = http.get(url + "/pin", { tags: { name: "pin" } });
  say("pinned", { headers: pinned.headers, cookies: Object.keys(pinned.cookies), body: pinned.body });
  say("pinned cookie", http.get(url + "/echo").json().headers.cookie);
  sse.open(url + "/events", (client) => client.on("event", (event) => say("stream cookie", JSON.parse(event.data).headers.cookie)));
  say("jar", http.cookieJar().cookiesForURL(url + "/echo"));
  say("own jar", http.get(url + "/echo", { jar: new http.CookieJar() }).json().headers.cookie ?? null);
  const posted = http.post(url + "/echo", JSON.stringify({ a: "ä" }), { headers: { "content-type": "application/json", "x-session-id": "s" } });
  say("posted", posted.json());
  say("form", http.post(url + "/echo", { a: "1", b: "x y" }).json().body);
  const redirected = http.post(url + "/redirect", "body");
  say("redirected", { url: redirected.url, echo: redirected.json() });
  say("missing", [http.get(url + "/missing")].map(({ status, error, error_code, body }) => ({ status, error, error_code, body })));
  for (const path of ["/silent", "/cut"]) {
    say(path, [http.get(url + path, { timeout: "100ms" })].map(({ status, error, error_code, body }) => ({ status, error, error_code, body }))[0]);
  }
  say("json of nothing", tryIt(() => http.get("http://127.0.0.1:1/").json()));
  say("unknown param", tryIt(() => http.get(url, { retries: 1 })));
  say("unknown call", tryIt(() => http.batch([])));
  const order = [];
  setTimeout(() => order.push("timer"), 0);
  const pending = http.asyncRequest("GET", url + "/echo").then((response) => order.push(response.status));
  http.get(url + "/echo");
  order.push("blocking call");
  await pending;
  say("order", order.sort());
  check(posted, { "is 200": (response) => response.status === 200, "is 404": (response) => response.status === 404 });
}`;

describe("k6/http of the double", () => {
  const server = createServer(answer);
  let run: DoubleResult;
  let url: string;
  const said = (name: string): unknown => {
    const lines = run.consoleLines.map(
      (line) => JSON.parse(line) as { name: string; value: unknown },
    );
    return lines.find((line) => line.name === name)!.value;
  };

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    run = await runDouble({ script: SCRIPT, env: { URL: url } });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("a response has canonical header names, cookies and a body", () => {
    expect(said("pinned")).toMatchObject({
      headers: { "X-Instance": "i-2" },
      cookies: ["affinity", "other"],
      body: "{}",
    });
  });

  it("keeps cookies in one jar of the VU for requests and streams, until the iteration ends", () => {
    expect(said("pinned cookie")).toBe("affinity=i-2");
    expect(said("stream cookie")).toBe("affinity=i-2");
    expect(said("jar")).toEqual({ affinity: ["i-2"] });
    expect(said("own jar")).toBeNull();
    expect(said("next iteration")).toBeNull();
  });

  it("posts text unchanged and an object as a form, with canonical header names", () => {
    const posted = said("posted") as { body: string; rawHeaders: string[] };
    expect(posted.body).toBe('{"a":"ä"}');
    expect(posted.rawHeaders).toEqual(expect.arrayContaining(["X-Session-Id", "Content-Type"]));
    expect(said("form")).toBe("a=1&b=x+y");
  });

  it("follows redirects with the cookies of each step", () => {
    expect(said("redirected")).toMatchObject({
      url: `${url}/echo`,
      echo: { method: "GET", body: "", headers: { cookie: "affinity=i-2; hop=1" } },
    });
  });

  it("reports a failure by status, error and code, and does not throw", () => {
    expect(said("missing")).toEqual([{ status: 404, error: "", error_code: 1404, body: "no" }]);
    expect(said("/silent")).toEqual({
      status: 0,
      error: "request timeout",
      error_code: 1050,
      body: null,
    });
    expect(said("/cut")).toEqual({ status: 0, error: "EOF", error_code: 1000, body: null });
    expect(run.stderr).toContain("Request Failed");
  });

  it("throws errors of the script's realm for wrong use, and names what it lacks", () => {
    expect(said("json of nothing")).toEqual([true, expect.stringContaining("the body is null")]);
    expect(said("unknown param")).toEqual([true, expect.stringContaining('"retries"')]);
    expect(said("unknown call")).toEqual([true, expect.stringContaining('"batch" of k6/http')]);
  });

  it("continues asynchronous requests and timers when the script does not block", () => {
    expect(said("order")).toEqual(expect.arrayContaining([200, "blocking call"]));
    expect(run.summary).toMatchObject({ metrics: { iterations: { values: { count: 2 } } } });
  });

  it("measures requests and checks", () => {
    expect(run.summary).toMatchObject({
      metrics: {
        checks: { type: "rate", values: { rate: 0.5, passes: 2, fails: 2 } },
        http_req_duration: { type: "trend", contains: "time" },
      },
      root_group: {
        checks: [
          { name: "is 200", passes: 2, fails: 0 },
          { name: "is 404", passes: 0, fails: 2 },
        ],
      },
    });
  });
});
