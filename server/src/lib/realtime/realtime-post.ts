import * as http from "node:http";
import * as https from "node:https";
import { z } from "zod";
import { httpBaseOf } from "../../../../common/portable/realtime/urls.ts";

/** The outcome of one `POST /api/broadcast`. */
export type PostOutcome =
  | { kind: "accepted" }
  /** A limit of the project; `waitMs` if the answer has a `Retry-After`. */
  | { kind: "quota"; waitMs?: number }
  /** The batch exceeds what the limit leaves; `room` is what it leaves, if the answer tells. */
  | { kind: "too-many"; room?: number }
  | { kind: "too-large" }
  /** Batch indexes of the messages that the server refused; empty if the answer does not tell. */
  | { kind: "refused"; places: number[] }
  /** HTTP 400: a message that the server cannot read, or a wrong address. */
  | { kind: "unreadable" }
  /** A wrong key or a wrong address: a retry does not help. */
  | { kind: "rejected"; reason: string }
  /** `answered`: over HTTP, so that one message can be the reason. */
  | { kind: "outage"; reason: string; answered?: true };

/** From the start of the request, which can include connecting, to the end of the answer. */
const ANSWER_TIMEOUT_MS = 5000;
/** Enough of an answer to tell why the server refused a batch. */
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
  /** The largest number of concurrent POSTs. */
  connections: number;
  onStatus: (status: string) => void;
}

/**
 * The HTTP API of Realtime over persistent connections (supabase/realtime, `BroadcastController`).
 */
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

  /** Never rejects. @param messages one JSON text each */
  async broadcast(messages: readonly string[]): Promise<PostOutcome> {
    const answer = await this.#ask(
      "POST",
      "/api/broadcast",
      `{"messages":[${messages.join(",")}]}`,
    );
    this.#onStatus("status" in answer ? String(answer.status) : "error");
    return "status" in answer ? readOutcome(answer) : answer;
  }

  /** Checks that the server answers and knows its tenant by this address. Never rejects. */
  async ping(): Promise<PostOutcome> {
    const answer = await this.#ask("GET", "/api/ping");
    if (!("status" in answer)) return answer;
    return answer.status === 400 ? noBroadcastApi(400) : readOutcome(answer);
  }

  /** Aborts running requests. */
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

/** Interprets an answer of the broadcast API. */
export function readOutcome({ status, headers, text }: RealtimeAnswer): PostOutcome {
  if (status >= 200 && status < 300) return { kind: "accepted" };
  if (status === 408 || status >= 500)
    return { kind: "outage", reason: `HTTP ${status}`, answered: true };
  const answer = parseAnswer(text);
  switch (status) {
    case 400:
      return { kind: "unreadable" };
    case 413:
      return { kind: "too-large" };
    case 422: {
      const messages = answer.errors?.messages ?? [];
      return {
        kind: "refused",
        places: messages.flatMap((errors, at) => (isEmpty(errors) ? [] : [at])),
      };
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
      return { kind: "rejected", reason: `the server refused REALTIME_KEY (HTTP ${status})` };
    default:
      return noBroadcastApi(status);
  }
}

const noBroadcastApi = (status: number): PostOutcome => ({
  kind: "rejected",
  reason: `REALTIME_URL has no broadcast API (HTTP ${status})`,
});

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

/** The code of a network error, because its message can contain addresses. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === "string" ? code : String(name);
}
