import { Pool, type Dispatcher } from "undici";
import { z } from "zod";
import { httpBaseOf } from "./realtime-url.ts";

/** What became of one `POST /api/broadcast`. */
export type PostOutcome =
  | { kind: "accepted" }
  /** A limit of the project; `waitMs` where the answer says how long. */
  | { kind: "quota"; waitMs?: number }
  /** More messages than the limit leaves room for; `room` where the answer says how many. */
  | { kind: "too-many"; room?: number }
  | { kind: "too-large" }
  /** Places in the batch of the messages that are refused for themselves; empty where the answer doesn't say. */
  | { kind: "refused"; places: number[] }
  /** Nothing that trying again soon would change: a wrong key, a wrong address. */
  | { kind: "rejected"; reason: string }
  | { kind: "outage"; reason: string };

const CONNECT_TIMEOUT_MS = 2000;
const ANSWER_TIMEOUT_MS = 5000;
/** Of an answer, enough to tell why a batch was refused. */
const MAX_ANSWER_BYTES = 65_536;
const MAX_WAIT_MS = 30_000;

const Answer = z.object({
  message: z.string().optional(),
  errors: z.object({ messages: z.array(z.record(z.string(), z.unknown())) }).optional(),
});

export interface RealtimePostOptions {
  /** REALTIME_URL. */
  url: string;
  key: string;
  /** POSTs that are under way at most. */
  connections: number;
  onStatus: (status: string) => void;
}

/** The HTTP API of a Realtime server over connections that are kept. Protocol: supabase/realtime, `BroadcastController`. */
export class RealtimePost {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #headers: Record<string, string>;
  readonly #onStatus: (status: string) => void;

  constructor({ url, key, connections, onStatus }: RealtimePostOptions) {
    const base = new URL(httpBaseOf(url));
    this.#path = base.pathname.replace(/\/$/, "");
    this.#headers = { authorization: `Bearer ${key}`, apikey: key };
    this.#onStatus = onStatus;
    this.#pool = new Pool(base.origin, {
      connections,
      pipelining: 1,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
    });
  }

  /** @param messages each one as JSON. Never rejects. */
  async broadcast(messages: readonly string[], signal: AbortSignal): Promise<PostOutcome> {
    const outcome = await this.#request({
      method: "POST",
      path: `${this.#path}/api/broadcast`,
      headers: { ...this.#headers, "content-type": "application/json" },
      body: `{"messages":[${messages.join(",")}]}`,
      signal,
    });
    this.#onStatus("status" in outcome ? String(outcome.status) : "error");
    return "status" in outcome ? readOutcome(outcome) : outcome;
  }

  /** Asks whether the server is there and knows its tenant by this address. Never rejects. */
  async ping(signal: AbortSignal): Promise<PostOutcome> {
    const path = `${this.#path}/api/ping`;
    const outcome = await this.#request({ method: "GET", path, headers: this.#headers, signal });
    return "status" in outcome ? readOutcome(outcome) : outcome;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #request(
    request: Dispatcher.RequestOptions,
  ): Promise<RealtimeAnswer | Extract<PostOutcome, { kind: "outage" }>> {
    try {
      const { statusCode: status, headers, body } = await this.#pool.request(request);
      if (status < 300) {
        await body.dump();
        return { status, headers, text: "" };
      }
      let text = "";
      for await (const chunk of body.setEncoding("utf8")) {
        text += chunk as string;
        if (text.length > MAX_ANSWER_BYTES) break;
      }
      return { status, headers, text };
    } catch (error) {
      return { kind: "outage", reason: codeOf(error) };
    }
  }
}

export interface RealtimeAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** What an answer of the broadcast API means for the batch. */
export function readOutcome({ status, headers, text }: RealtimeAnswer): PostOutcome {
  if (status >= 200 && status < 300) return { kind: "accepted" };
  if (status === 408 || status >= 500) return { kind: "outage", reason: `it answered ${status}` };
  const answer = parseAnswer(text);
  switch (status) {
    case 413:
      return { kind: "too-large" };
    case 422: {
      const messages = answer.errors?.messages ?? [];
      return { kind: "refused", places: messages.flatMap((errors, at) => (isEmpty(errors) ? [] : [at])) };
    }
    case 429: {
      if (!/batch size/i.test(answer.message ?? "")) {
        const waitMs = retryAfterMs(headers["retry-after"]);
        return waitMs === undefined ? { kind: "quota" } : { kind: "quota", waitMs };
      }
      const room = Number(headers["x-rate-limit-remaining"]);
      return Number.isInteger(room) && room > 0 ? { kind: "too-many", room } : { kind: "too-many" };
    }
    case 401:
    case 403:
      return { kind: "rejected", reason: `it refuses REALTIME_KEY for this REALTIME_URL (HTTP ${status})` };
    default:
      return { kind: "rejected", reason: `there is no broadcast API at REALTIME_URL (HTTP ${status})` };
  }
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0;

function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const seconds = typeof header === "string" && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
  return seconds === undefined ? undefined : Math.min(MAX_WAIT_MS, seconds * 1000);
}

function parseAnswer(text: string): z.infer<typeof Answer> {
  try {
    return Answer.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** The code of a network error: its message may hold addresses. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === "string" ? code : String(name);
}
