import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { PipelineSSEEvent, RealtimePayload } from "../src/contract/events.ts";

/** One message of a POST to the broadcast API. */
export interface PostedMessage {
  topic: string;
  event: string;
  private: boolean;
  payload: RealtimePayload;
}

/** What is answered. `reset`: the connection is cut instead; `silent`: nothing ever comes. */
export type ScriptedAnswer =
  { status: number; body?: unknown; headers?: Record<string, string> } | "reset" | "silent";

/**
 * The broadcast API with failures that no healthy server shows. What it says it accepted, it
 * delivered: {@link received}.
 */
export interface ScriptedRealtime {
  url: string;
  /** Every batch that came, whatever it was answered. */
  posts: { messages: PostedMessage[]; headers: IncomingHttpHeaders; answer: ScriptedAnswer }[];
  /** Every event of an accepted batch, in order, as often as it came. */
  received: PipelineSSEEvent[];
  /** POSTs that wait for their answer now, and the most there ever were. */
  open: { now: number; most: number };
  /** Decides over each batch. */
  answer: (messages: PostedMessage[]) => ScriptedAnswer | Promise<ScriptedAnswer>;
  ping: ScriptedAnswer | Promise<ScriptedAnswer>;
  stop(): Promise<void>;
}

export const ACCEPTED: ScriptedAnswer = { status: 202 };
export const TOO_MANY_REQUESTS: ScriptedAnswer = {
  status: 429,
  body: { message: "Too many requests" },
};
export const BATCH_TOO_LARGE: ScriptedAnswer = {
  status: 429,
  body: { message: "Too many messages to broadcast, please reduce the batch size" },
};

export async function startScriptedRealtime(): Promise<ScriptedRealtime> {
  const scripted: ScriptedRealtime = {
    url: "",
    posts: [],
    received: [],
    open: { now: 0, most: 0 },
    answer: () => ACCEPTED,
    ping: { status: 200, body: { message: "Success" } },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((req, res) => void serve(scripted, req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scripted.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/socket`;
  return scripted;
}

async function serve(
  scripted: ScriptedRealtime,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (req.url === "/api/ping") {
    give(res, await scripted.ping);
    return;
  }
  scripted.open.most = Math.max(scripted.open.most, ++scripted.open.now);
  res.on("close", () => scripted.open.now--);
  let body = "";
  for await (const chunk of req) body += String(chunk);
  const { messages } = JSON.parse(body) as { messages: PostedMessage[] };
  const answer = await scripted.answer(messages);
  scripted.posts.push({ messages, headers: req.headers, answer });
  if (typeof answer === "object" && answer.status < 300)
    scripted.received.push(...messages.map(({ payload }) => payload.event));
  give(res, answer);
}

function give(res: ServerResponse, answer: ScriptedAnswer): void {
  if (answer === "silent") return;
  if (answer === "reset") {
    res.destroy();
    return;
  }
  res.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
  res.end(answer.body === undefined ? "" : JSON.stringify(answer.body));
}
