import { setTimeout as sleep } from "node:timers/promises";
import { CONNECTED_EVENT, type ReplayGap, type SessionCreated } from "../src/contract/events.ts";
import type { Api, TestStream } from "./api.ts";

type Reachable = readonly { api: Api }[];

/**
 * A page with a plain EventSource behind a router: it reconnects until it has the run's last event,
 * each time to the next server that accepts it, with the last id that it got.
 */
export class Page {
  readonly streams: TestStream[] = [];
  readonly #session: SessionCreated;
  readonly #servers: () => Reachable;
  #turn: number;
  #closed = false;

  constructor(session: SessionCreated, servers: () => Reachable, turn = 0) {
    this.#session = session;
    this.#servers = servers;
    this.#turn = turn;
  }

  /** Resolves when the first stream is connected. It then goes on by itself. */
  async open(): Promise<this> {
    await this.#connect();
    void this.#follow();
    return this;
  }

  /** Ids of the events, in the order of arrival, over all streams. */
  get ids(): string[] {
    return this.streams.flatMap(({ events }) => events.map(({ epoch, seq }) => `${epoch}-${seq}`));
  }

  get gaps(): ReplayGap[] {
    return this.streams.flatMap(({ gaps }) => gaps);
  }

  get isComplete(): boolean {
    return this.streams.some(({ types }) => types.includes("pipeline_complete"));
  }

  /** Cuts the stream, as a lost network does. The page reconnects. */
  cut(): void {
    this.streams.at(-1)?.close();
  }

  close(): void {
    this.#closed = true;
    this.cut();
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      await this.streams.at(-1)?.ended;
      if (this.isComplete) return;
      await this.#connect();
    }
  }

  /** Tries one server after the other. Resolves when a stream is connected or over. */
  async #connect(): Promise<void> {
    const lastId = this.streams.map(({ lastId }) => lastId).findLast((id) => id !== undefined);
    while (!this.#closed) {
      const servers = this.#servers();
      const server = servers[this.#turn++ % servers.length];
      const stream = await server?.api.open(this.#session, lastId).catch(() => undefined);
      if (stream === undefined) {
        await sleep(10);
        continue;
      }
      this.streams.push(stream);
      const isOver = stream.ended.then(() => true);
      const soon = async (): Promise<boolean> => sleep(2, false);
      while (stream.messages[0]?.event !== CONNECTED_EVENT)
        if (await Promise.race([isOver, soon()])) break;
      return;
    }
  }
}
