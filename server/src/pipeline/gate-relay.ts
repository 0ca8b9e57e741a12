import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { z } from "zod";
import { parseJson } from "../../../common/portable/parse-json.ts";
import type { GateResponse } from "../contract/events.ts";
import { NotSentError, type InstanceLink } from "../lib/instance-link.ts";

/** The outcome of a gate response: `taken` by the running pipeline, or the reason why not. */
export type GateResult =
  | "taken"
  | "not-waiting"
  | "already-answered"
  | "not-running"
  | "no-broker"
  | "broker-away"
  | "unconfirmed";

/** Answers a gate on this instance. Returns undefined if the session runs no pipeline here. */
export type AnswerHere = (
  sessionId: string,
  response: GateResponse,
) => "taken" | "not-waiting" | "already-answered" | undefined;

/** Brings answers of gates to their pipeline. */
export interface Gates {
  /** Listens for the session's gate responses. `ready` resolves in bounded time once it does. */
  open(sessionId: string): { ready: Promise<void>; close: () => void };
  /** Delivers the response to the pipeline, wherever it runs. Never rejects. */
  deliver(sessionId: string, response: GateResponse): Promise<GateResult>;
}

const Ask = z.object({ id: z.string(), replyTo: z.string(), gate: z.string(), answer: z.string() });
const Reply = z.object({
  id: z.string(),
  result: z.enum(["taken", "not-waiting", "already-answered", "not-running"]),
});

const REPLY_TIMEOUT_MS = 2000;
export const gateChannel = (sessionId: string): string => `sse:gate:${sessionId}`;

export interface GateRelayOptions {
  /** Undefined if no broker connects the instances. */
  link: InstanceLink | undefined;
  /** Unique name of this process. */
  origin: string;
  answerHere: AnswerHere;
  logger: Logger;
}

/**
 * Relays a gate response to the instance that runs the pipeline. That instance listens on
 * `sse:gate:{sessionId}` and confirms on the sender's `sse:gate-reply:{origin}`, so that "taken" is
 * never a guess.
 */
export class GateRelay implements Gates {
  readonly #options: GateRelayOptions;
  readonly #replyChannel: string;
  readonly #waiting = new Map<string, (result: GateResult) => void>();

  constructor(options: GateRelayOptions) {
    this.#options = options;
    this.#replyChannel = `sse:gate-reply:${options.origin}`;
    options.link?.subscribe(this.#replyChannel, (message) => this.#onReply(message));
  }

  open(sessionId: string): { ready: Promise<void>; close: () => void } {
    const { link } = this.#options;
    if (link === undefined) return { ready: Promise.resolve(), close: () => {} };
    const channel = gateChannel(sessionId);
    link.subscribe(channel, (message) => this.#onAsk(sessionId, message));
    return { ready: link.ready(channel), close: () => link.unsubscribe(channel) };
  }

  /** Delivers the response here or through the broker, within about two seconds. Never rejects. */
  async deliver(sessionId: string, response: GateResponse): Promise<GateResult> {
    const { link, answerHere } = this.#options;
    const here = answerHere(sessionId, response);
    if (here !== undefined) return here;
    if (link === undefined) return "no-broker";
    if (!link.up) return "broker-away";
    return this.#ask(link, sessionId, response);
  }

  async #ask(link: InstanceLink, sessionId: string, response: GateResponse): Promise<GateResult> {
    const id = randomUUID();
    const reply = new Promise<GateResult>((resolve) => this.#waiting.set(id, resolve));
    const timer = setTimeout(() => this.#settle(id, "unconfirmed"), REPLY_TIMEOUT_MS);
    const ask = { id, replyTo: this.#replyChannel, ...response };
    link.publishCounted(gateChannel(sessionId), JSON.stringify(ask)).then(
      (receivers) => {
        if (receivers === 0) this.#settle(id, "not-running");
      },
      (error: unknown) =>
        this.#settle(id, error instanceof NotSentError ? "broker-away" : "unconfirmed"),
    );
    const result = await reply;
    clearTimeout(timer);
    return result;
  }

  #onAsk(sessionId: string, message: string): void {
    const { link, answerHere, logger } = this.#options;
    const ask = Ask.safeParse(parseJson(message));
    if (!ask.success) {
      logger.warn({ sessionId }, "ignored a malformed gate message");
      return;
    }
    const { id, replyTo, gate, answer } = ask.data;
    const result = answerHere(sessionId, { gate, answer }) ?? "not-running";
    link?.publish(replyTo, JSON.stringify({ id, result }));
  }

  #onReply(message: string): void {
    const reply = Reply.safeParse(parseJson(message));
    if (reply.success) this.#settle(reply.data.id, reply.data.result);
  }

  #settle(id: string, result: GateResult): void {
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
  }
}
