import { Agent } from "node:http";

import type { Calls, CallName, JarCall, SharedItems } from "../protocol.ts";
import { CookieJar } from "./io/cookie-jar.ts";
import { httpRequest } from "./io/http-request.ts";
import type { MetricsEngine } from "./metrics-engine.ts";
import { SseStream } from "./io/sse-stream.ts";

/** SharedArrays of the process by name. `null`: a VU is building it. */
export class SharedArrays {
  readonly #items = new Map<string, SharedItems | null>();
  readonly #waiting = new Map<string, (() => void)[]>();

  /** @returns null if the caller has to build the array */
  async get(name: string): Promise<SharedItems | null> {
    while (this.#items.get(name) === null) {
      await new Promise<void>((resolve) => {
        this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
      });
    }
    const items = this.#items.get(name);
    if (items === undefined) this.#items.set(name, null);
    return items ?? null;
  }

  put(name: string, items: SharedItems | null): void {
    if (items === null) this.#items.delete(name);
    else this.#items.set(name, items);
    for (const wake of this.#waiting.get(name) ?? []) wake();
    this.#waiting.delete(name);
  }
}

/** The services of the main thread for one VU: connections, cookies and streams. */
export class VuServices {
  readonly #metrics: MetricsEngine;
  readonly #sharedArrays: SharedArrays;
  readonly #jars = new Map<number, CookieJar>();
  readonly #streams = new Map<number, { stream: SseStream; tags: Record<string, string> }>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #stopped = new AbortController();
  #lastStream = 0;

  constructor(metrics: MetricsEngine, sharedArrays: SharedArrays) {
    this.#metrics = metrics;
    this.#sharedArrays = sharedArrays;
  }

  async answer(op: CallName, payload: unknown): Promise<unknown> {
    switch (op) {
      case "http":
        return await this.#http(payload as Calls["http"]["payload"]);
      case "sse-open":
        return await this.#sseOpen(payload as Calls["sse-open"]["payload"]);
      case "sse-next":
        return await this.#sseNext((payload as Calls["sse-next"]["payload"]).stream);
      case "sse-close":
        this.#streams.get((payload as Calls["sse-close"]["payload"]).stream)?.stream.close();
        return null;
      case "jar":
        return this.#jarCall(payload as JarCall);
      case "shared-array":
        return await this.#sharedArrays.get((payload as Calls["shared-array"]["payload"]).name);
      case "share-array": {
        const { name, items } = payload as Calls["share-array"]["payload"];
        this.#sharedArrays.put(name, items);
        return null;
      }
    }
  }

  /** Closes everything that the VU has open. */
  stop(): void {
    this.#stopped.abort();
    for (const { stream } of this.#streams.values()) stream.close();
    this.#agent.destroy();
  }

  async #http(request: Calls["http"]["payload"]): Promise<Calls["http"]["reply"]> {
    const reply = await httpRequest(
      request,
      this.#jar(request.jar),
      this.#agent,
      this.#stopped.signal,
    );
    const expected = reply.status >= 200 && reply.status < 400;
    const tags = {
      ...request.tags,
      status: String(reply.status),
      expected_response: String(expected),
    };
    this.#metrics.sample("http_reqs", 1, tags);
    this.#metrics.sample("http_req_duration", reply.durationMs, tags);
    this.#metrics.sample("http_req_waiting", reply.waitingMs, tags);
    this.#metrics.sample("http_req_failed", expected ? 0 : 1, tags);
    return reply;
  }

  async #sseOpen(request: Calls["sse-open"]["payload"]): Promise<Calls["sse-open"]["reply"]> {
    const startedAt = performance.now();
    const stream = await SseStream.open(request, this.#jar(request.jar), this.#stopped.signal);
    const connecting = performance.now() - startedAt;
    this.#metrics.sample("http_req_sending", connecting, request.tags);
    const ended = (tags: Record<string, string>) => {
      this.#metrics.sample("http_reqs", 1, tags);
      this.#metrics.sample("http_req_duration", performance.now() - startedAt, tags);
    };
    if ("error" in stream) {
      ended(request.tags);
      return stream;
    }
    const id = ++this.#lastStream;
    const tags = { ...request.tags, status: String(stream.status) };
    this.#streams.set(id, { stream, tags });
    return { stream: id, status: stream.status, headers: stream.headers };
  }

  async #sseNext(id: number): Promise<Calls["sse-next"]["reply"]> {
    const opened = this.#streams.get(id);
    if (opened === undefined) return { type: "closed" };
    const signal = await opened.stream.next();
    if (signal.type === "event") this.#metrics.sample("sse_event", 1, opened.tags);
    if (signal.type === "closed") this.#streams.delete(id);
    return signal;
  }

  #jar(id: number): CookieJar {
    const jar = this.#jars.get(id) ?? new CookieJar();
    this.#jars.set(id, jar);
    return jar;
  }

  #jarCall(call: JarCall): Calls["jar"]["reply"] {
    if (call.action === "reset") {
      this.#jars.delete(call.jar);
      return {};
    }
    const jar = this.#jar(call.jar);
    const url = new URL(call.url);
    if (call.action === "set") jar.take(url, [`${call.name}=${call.value}${call.attributes}`]);
    else if (call.action === "clear") jar.clear(url);
    else if (call.action === "delete") jar.delete(url, call.name);
    else {
      const cookies: Record<string, string[]> = {};
      for (const { name, value } of jar.forUrl(url)) (cookies[name] ??= []).push(value);
      return cookies;
    }
    return {};
  }
}
