import * as http from "node:http";
import * as https from "node:https";
import { z } from "zod";
import { httpBaseOf } from "../../../../common/portable/realtime/urls.ts";

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

/** From the first byte of the request to the last one of the answer, a connection that has to be made first included. */
const ANSWER_TIMEOUT_MS = 5000;
/** Of an answer, enough to tell why a batch was refused. */
const MAX_ANSWER_BYTES = 65_536;
const MAX_WAIT_MS = 30_000;

const Answer = z.object({
  message: z.string().optional(),
  errors: z.object({ messages: z.array(z.record(z.string(), z.unknown())) }).optional(),
});

type Outage = Extract<PostOutcome, { kind: "outage" }>;

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
  readonly #base: string;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;
  readonly #headers: Record<string, string>;
  readonly #onStatus: (status: string) => void;

  constructor({ url, key, connections, onStatus }: RealtimePostOptions) {
    this.#base = httpBaseOf(url);
    const { Agent, request } = this.#base.startsWith("https:") ? https : http;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.#request = request;
    this.#headers = { authorization: `Bearer ${key}`, apikey: key };
    this.#onStatus = onStatus;
  }

  /** @param messages each one as JSON. Never rejects. */
  async broadcast(messages: readonly string[]): Promise<PostOutcome> {
    const answer = await this.#ask("POST", "/api/broadcast", `{"messages":[${messages.join(",")}]}`);
    this.#onStatus("status" in answer ? String(answer.status) : "error");
    return "status" in answer ? readOutcome(answer) : answer;
  }

  /** Asks whether the server is there and knows its tenant by this address. Never rejects. */
  async ping(): Promise<PostOutcome> {
    const answer = await this.#ask("GET", "/api/ping");
    return "status" in answer ? readOutcome(answer) : answer;
  }

  /** Cuts what is under way. */
  close(): void {
    this.#agent.destroy();
  }

  async #ask(method: string, path: string, body?: string): Promise<RealtimeAnswer | Outage> {
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const headers =
      bytes === undefined
        ? this.#headers
        : { ...this.#headers, "content-type": "application/json", "content-length": bytes.length };
    return new Promise((resolve) => {
      const fail = (error: unknown): void => resolve({ kind: "outage", reason: codeOf(error) });
      const request = this.#request(
        this.#base + path,
        { method, agent: this.#agent, headers },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            if (text.length < MAX_ANSWER_BYTES) text += chunk;
          });
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          );
          response.on("error", fail);
        },
      );
      const timer = setTimeout(() => request.destroy(new AnswerTimeout()), ANSWER_TIMEOUT_MS);
      request.on("error", fail);
      request.on("close", () => clearTimeout(timer));
      request.end(bytes);
    });
  }
}

class AnswerTimeout extends Error {
  readonly code = "no answer in time";
}

export interface RealtimeAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
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

function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = /^\d{1,9}$/.test(header ?? "") ? Number(header) : undefined;
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
