import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type DoubleResult, runDouble } from "../run-double.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Opened {
  /** In order: "setup", "open", events, errors' texts, and "timer" when a timer of 0 ms fired. */
  seen: (
    string | { id: string; name: string; data: string; comment: string } | { error: string }
  )[];
  response: { url: string; status: number; headers: Record<string, string>; error: string };
}

const ANSWERS: Record<string, Answer> = {
  "/comments": body(": hello\n\n\ndata: x\n\n"),
  "/crlf": body("id: 1\r\nevent: tick\r\n: note\r\ndata: a\r\ndata: b\r\n\r\n"),
  "/lines": body("data: one\ndata: two\ndata:\n\ndata:  spaced\n\n"),
  "/retry": body("retry: 1\nid: e-1\ndata: x\n\n"),
  "/resume": body("id: e-2\ndata: y\n\n"),
  "/unknown": body("\uFEFFdata: first\n\ndata\ndata: second\n\n"),
  "/bad-gateway": body("<html>\n<body>502</body>\n", 502),
  "/unfinished": body("data: whole\n\ndata: half\ndata: cut off"),
  "/split": (_request, response) => {
    const bytes = Buffer.from("data: ä€\n\n");
    response.write(bytes.subarray(0, 7));
    setTimeout(() => response.end(bytes.subarray(7)), 30);
  },
  "/after-close": body("data: 1\n\ndata: 2\n\ndata: 3\n\n"),
  "/redirect": (_request, response) => response.writeHead(302, { Location: "/redirected" }).end(),
  "/redirected": body("data: there\n\n"),
  "/endless": (_request, response) => response.write("data: x\n\n"),
  "/silent": () => undefined,
  "/broken": (_request, response) => {
    response.write("data: x\n\n");
    setTimeout(() => response.destroy(), 30);
  },
};

/** Opens one stream after the other, and says what came of each. */
const SCRIPT = `
import sse from "k6/x/sse";
export const options = { scenarios: { s: { executor: "per-vu-iterations", maxDuration: "30s" } } };
function open(path, params, rules = {}) {
  const seen = [];
  const timer = setTimeout(() => seen.push("timer"), 0);
  const response = sse.open((rules.url ?? __ENV.URL) + path, params, (client) => {
    seen.push("setup");
    client.on("open", () => seen.push("open"));
    client.on("event", (event) => {
      seen.push(event);
      if (rules.closeAtEvent) client.close();
    });
    client.on("error", (error) => {
      seen.push({ error: error.error(), isError: error instanceof Error });
      if (rules.closeAtError) client.close();
    });
  });
  clearTimeout(timer);
  console.log(JSON.stringify({ path, opened: { seen, response } }));
}
export default function () {
  for (const path of ["/comments", "/crlf", "/lines", "/retry", "/resume", "/unknown", "/bad-gateway", "/unfinished", "/split", "/redirect"]) open(path, {});
  open("/after-close", {}, { closeAtEvent: true });
  open("/broken", null, { closeAtError: true });
  open("/endless", { timeout: "100ms" }, { closeAtError: true });
  open("/silent", { timeout: "100ms" });
  open("/refused", {}, { url: "http://127.0.0.1:1" });
  try {
    open("/comments", { timeout: 1000 });
  } catch (error) {
    console.log(JSON.stringify({ path: "thrown", opened: [error instanceof Error, error.message] }));
  }
}`;

function body(text: string, status = 200): Answer {
  return (_request, response) => {
    response.writeHead(status, { "x-instance": "i-1" }).end(text);
  };
}

describe("k6/x/sse of the double", () => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    ANSWERS[request.url ?? ""]?.(request, response);
  });
  let run: DoubleResult;
  const opened = (path: string): Opened => {
    const lines = run.consoleLines.map(
      (line) => JSON.parse(line) as { path: string; opened: Opened },
    );
    return lines.find((line) => line.path === path)!.opened;
  };
  const events = (path: string) =>
    opened(path).seen.filter((seen) => typeof seen === "object" && "id" in seen);
  const requestsTo = (path: string) => requests.filter((request) => request.url === path);

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    run = await runDouble({ script: SCRIPT, env: { URL: url } });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("raises setup, open and events while the VU is blocked: no timer fires before it returns", () => {
    expect(run.stderr).toBe("");
    expect(opened("/comments").seen.slice(0, 2)).toEqual(["setup", "open"]);
    expect(run.consoleLines.join()).not.toContain("timer");
  });

  it("makes an event of every empty line, also after a comment or nothing", () => {
    expect(events("/comments")).toEqual([
      { id: "", name: "", data: "", comment: "hello" },
      { id: "", name: "", data: "", comment: "" },
      { id: "", name: "", data: "x", comment: "" },
    ]);
  });

  it("keeps the CR of a CRLF on id, name and comment, and inside data", () => {
    expect(events("/crlf")).toEqual([
      { id: "1\r", name: "tick\r", comment: "note\r", data: "a\r\nb" },
    ]);
  });

  it("joins lines of data, trims trailing newlines, and skips one space after the colon", () => {
    expect(events("/lines")).toMatchObject([{ data: "one\ntwo" }, { data: " spaced" }]);
  });

  it("decodes characters that arrive in two pieces", () => {
    expect(events("/split")).toMatchObject([{ data: "ä€" }]);
  });

  it("swallows retry, never reconnects, and sends no Last-Event-ID later", () => {
    expect(events("/retry")).toEqual([{ id: "e-1", name: "", data: "x", comment: "" }]);
    expect(requestsTo("/retry")).toHaveLength(1);
    expect(requestsTo("/resume")[0]!.headers).not.toHaveProperty("last-event-id");
  });

  it("raises an error for an unknown line, such as a BOM, and continues", () => {
    expect(opened("/unknown").seen.slice(2)).toEqual([
      { error: "unknown event: \uFEFFdata: first\n", isError: false },
      { id: "", name: "", data: "", comment: "" },
      { error: "unknown event: data\n", isError: false },
      { id: "", name: "", data: "second", comment: "" },
    ]);
  });

  it("reads an answer other than 200 as a stream, and returns the status at the end", () => {
    const { seen, response } = opened("/bad-gateway");
    expect(seen.slice(2)).toEqual([
      { error: "unknown event: <html>\n", isError: false },
      { error: "unknown event: <body>502</body>\n", isError: false },
    ]);
    expect(response.status).toBe(502);
    expect(response.headers["X-Instance"]).toBe("i-1");
  });

  it("drops an unfinished block", () => {
    expect(events("/unfinished")).toMatchObject([{ data: "whole" }]);
  });

  it("follows redirects, and returns the requested URL", () => {
    expect(events("/redirect")).toMatchObject([{ data: "there" }]);
    expect(opened("/redirect").response.url).toMatch(/\/redirect$/);
  });

  it("may deliver an event after the script has closed the stream", () => {
    expect(events("/after-close")).toMatchObject([{ data: "1" }, { data: "2" }]);
  });

  it("raises an error when the connection breaks, and returns once the script closes the stream", () => {
    expect(opened("/broken").seen.at(-1)).toEqual({ error: "unexpected EOF", isError: false });
    expect(opened("/broken").response).toMatchObject({ status: 200, error: "" });
  });

  it("applies the timeout to the whole stream, and ends it like a broken one", () => {
    const error =
      "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
    expect(opened("/endless").seen.at(-1)).toEqual({ error, isError: false });
    expect(opened("/endless").response).toMatchObject({ status: 200, error: "" });
  });

  it("returns an error without an event if there is no answer", () => {
    expect(opened("/silent").seen).toEqual([]);
    expect(opened("/silent").response).toMatchObject({ status: 0 });
    expect(opened("/silent").response.error).toContain(
      "Client.Timeout exceeded while awaiting headers",
    );
    expect(opened("/refused")).toEqual({
      seen: [],
      response: {
        url: "",
        status: 0,
        headers: {},
        error:
          'Get "http://127.0.0.1:1/refused": dial tcp 127.0.0.1:1: connect: connection refused',
      },
    });
  });

  it("requires a unit of a timeout", () => {
    expect(opened("thrown")).toEqual([
      true,
      'invalid sse.open() timeout: time: missing unit in duration "1000"',
    ]);
  });

  it("counts events, including comments", () => {
    const events = run.consoleLines.join().match(/"comment"/g)?.length;
    expect(run.summary).toMatchObject({ metrics: { sse_event: { values: { count: events } } } });
  });

  it("does not return after a read error unless the script closes the stream", async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const stuck = await runDouble({
      script: `
        import sse from "k6/x/sse";
        export const options = { scenarios: { s: { executor: "per-vu-iterations", maxDuration: "300ms", gracefulStop: "0s" } } };
        export default function () {
          sse.open(__ENV.URL + "/broken", (client) => client.on("error", () => console.log("broken")));
          console.log("returned");
        }`,
      env: { URL: url },
    });
    expect(stuck.consoleLines).toEqual(["broken"]);
    expect(stuck.exitCode).toBe(0);
    expect((stuck.summary as { metrics: object }).metrics).not.toHaveProperty("iterations");
  });

  it("passes an exception of a handler on, and keeps the connection until the VU ends", async () => {
    const closed: Promise<void>[] = [];
    const holding = createServer((request, response) => {
      response.write("data: x\n\n");
      closed.push(new Promise((resolve) => void request.once("close", resolve)));
    });
    await new Promise<void>((resolve) => holding.listen(0, "127.0.0.1", resolve));
    const { consoleLines, exitCode } = await runDouble({
      script: `
        import sse from "k6/x/sse";
        export default function () {
          try {
            sse.open(__ENV.URL, (client) => client.on("event", () => { throw new Error("in a handler"); }));
          } catch (error) { console.log(error.message); }
          try {
            sse.open(__ENV.URL, (client) => { throw new Error("in the setup"); });
          } catch (error) { console.log(error.message); }
        }`,
      env: { URL: `http://127.0.0.1:${(holding.address() as AddressInfo).port}` },
    });
    await Promise.all(closed);
    holding.close();
    expect(closed).toHaveLength(2);
    expect(consoleLines).toEqual(["in a handler", "in the setup"]);
    expect(exitCode).toBe(0);
  });
});
