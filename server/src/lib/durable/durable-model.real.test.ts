import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startValkey, type TestValkey } from "../../../test-support/valkey.ts";
import type { PipelineSSEEvent, ReplayGap } from "../../contract/events.ts";
import { AppendQueue } from "./append-queue.ts";
import { Follower } from "./follower.ts";
import { logKey, stateKey } from "./keys.ts";
import { parseChannelMessage, SessionLog, type LogPoint } from "./session-log.ts";

/** The rules that make streams durable. A test breaks one, and the model has to notice. */
type Rule = "fence" | "seam" | "first-id";

const EPOCH = "e1";
const SESSION = "s";
const WINDOW = 30;
let valkey: TestValkey;
let redis: Redis;
let subscriber: Redis;
beforeAll(async () => {
  valkey = await startValkey();
  redis = new Redis(valkey.url);
  subscriber = new Redis(valkey.url);
  await subscriber.subscribe(`sse:session:${SESSION}`);
});
afterAll(async () => {
  redis.disconnect();
  subscriber.disconnect();
  await valkey.stop();
});

/** One instance that runs, or believes that it runs, the pipeline. */
interface Owner {
  fence: number;
  lastSeq: number;
}

/** A page: what it has, and the stream that it has open. */
class Client {
  readonly ids: number[] = [];
  readonly gaps: ReplayGap[] = [];
  lastId: string | undefined;
  follower: Follower | undefined;
  readonly #log: SessionLog;
  readonly #broken: Rule | undefined;
  readonly #onMessage = (_channel: string, text: string): void => {
    const message = parseChannelMessage(text);
    if (message === undefined) return;
    // Without the seam check a live message passes although earlier ones are missing.
    if (this.#broken === "seam" && message.event !== undefined) this.#take(message.event);
    else this.follower?.offer(message);
  };

  constructor(log: SessionLog, broken: Rule | undefined) {
    this.#log = log;
    this.#broken = broken;
  }

  async connect(): Promise<void> {
    if (this.follower !== undefined) return;
    const { from, gap } = await this.#log.open(SESSION, this.lastId, `${EPOCH}-0`);
    if (this.#broken !== "first-id") this.lastId ??= from.id;
    if (gap !== undefined) this.#declare(gap, from);
    const sink = {
      event: (event: PipelineSSEEvent) => this.#take(event),
      gap: (declared: ReplayGap) => this.gaps.push(declared),
      writable: () => Promise.resolve(),
    };
    const onFailure = (error: unknown): never => {
      throw error;
    };
    this.follower = new Follower({ sessionId: SESSION, log: this.#log, sink, from, onFailure });
    subscriber.on("message", this.#onMessage);
    if (this.#broken !== "seam") this.follower.catchUp();
  }

  cut(): void {
    subscriber.off("message", this.#onMessage);
    this.follower?.close();
    this.follower = undefined;
  }

  #declare(reason: ReplayGap["reason"], { id }: LogPoint): void {
    this.gaps.push({ sessionId: SESSION, reason, after: this.lastId ?? null, resumesAfter: id });
  }

  #take({ epoch, seq }: PipelineSSEEvent): void {
    this.ids.push(seq);
    this.lastId = `${epoch}-${seq}`;
  }
}

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("publish" as const), count: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stale" as const), count: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.constant({ do: "take-over" as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cut" as const), client: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("connect" as const), client: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constant({ do: "settle" as const }) },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

/** Runs the actions on a real Valkey. @throws if a client or the log breaks an invariant */
async function play(actions: readonly Action[], broken?: Rule): Promise<void> {
  await redis.del(logKey(SESSION), stateKey(SESSION));
  await redis.hset(stateKey(SESSION), "fence", 1, `s:${EPOCH}`, 0);
  const log = new SessionLog({ redis, windowEvents: WINDOW, keepS: 60, sessionTtlS: 60 });
  const queue = new AppendQueue({
    append: (session, events, fence, lost) =>
      log.append(session, events, broken === "fence" ? "" : fence, lost),
    maxBytes: 1e6,
    onSend: () => {},
    onDrop: () => {},
    onFenced: () => {},
    onForgotten: () => {},
    onFailure: (error) => {
      throw error;
    },
  });
  const clients = [0, 1, 2].map(() => new Client(log, broken));
  let owner: Owner = { fence: 1, lastSeq: 0 };
  let former: Owner = { fence: 0, lastSeq: 0 };
  const publish = (by: Owner, count: number): void => {
    for (let number = 0; number < count; number++)
      queue.push(SESSION, eventOf(++by.lastSeq, by.fence), String(by.fence));
  };
  // Every client is there when the run begins: then it is due every event.
  for (const client of clients) await client.connect();
  for (const step of actions) {
    if (step.do === "publish") publish(owner, step.count);
    else if (step.do === "stale" && former.fence > 0) publish(former, step.count);
    else if (step.do === "take-over") {
      former = owner;
      const fence = await redis.hincrby(stateKey(SESSION), "fence", 1);
      owner = { fence, lastSeq: Number(await redis.hget(stateKey(SESSION), `s:${EPOCH}`)) };
    } else if (step.do === "cut") clients[step.client]?.cut();
    else if (step.do === "connect") await clients[step.client]?.connect();
    else if (step.do === "settle") await queue.empty();
  }
  await queue.empty();
  for (const client of clients) await client.connect();
  const logged = await redis.xrange(logKey(SESSION), "-", "+");
  const events = logged.flatMap(([, [, , field, json]]) =>
    field === "e" ? [JSON.parse(json ?? "") as PipelineSSEEvent] : [],
  );
  const last = Number(await redis.hget(stateKey(SESSION), `s:${EPOCH}`));
  try {
    expect(events.map(({ seq }) => seq)).toEqual(range(last - events.length + 1, last));
    // Once a later owner has appended, no earlier one does.
    const fences = events.map(({ payload }) => Number(payload["fence"]));
    expect(fences).toEqual([...fences].sort((a, b) => a - b));
    for (const client of clients)
      await vi.waitFor(
        () => {
          if (client.gaps.length === 0) expect(client.ids).toEqual(range(1, last));
          else expectOnlyDeclaredGaps(client, last);
        },
        { timeout: broken === undefined ? 10_000 : 300, interval: 2 },
      );
  } finally {
    for (const client of clients) client.cut();
    queue.close();
  }
}

/** Each number once, in order, up to the last; a client away beyond the window was told. */
function expectOnlyDeclaredGaps({ ids, gaps }: Client, last: number): void {
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  const jumps = ids.filter((id, at) => id !== (ids[at - 1] ?? 0) + 1);
  expect(jumps.length).toBeLessThanOrEqual(gaps.length);
  expect(ids.at(-1) ?? last).toBe(last);
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);

const eventOf = (seq: number, fence: number): PipelineSSEEvent => ({
  type: "section_draft",
  sessionId: SESSION,
  epoch: EPOCH,
  seq,
  total: 1_000_000,
  instance: "i",
  intendedMs: 0,
  publishedMs: 0,
  payload: { fence },
});

const histories = fc.array(action, { minLength: 5, maxLength: 60 });

test("gives every client every event once and in order, across changes of the owner", async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (actions) => play(actions)),
    { numRuns: 150 },
  );
});

test.each<Rule>(["fence", "seam", "first-id"])("needs its rule: %s", async (rule) => {
  const property = fc.asyncProperty(histories, async (actions) => play(actions, rule));
  const outcome = await fc.check(property, { numRuns: 300, endOnFailure: true });
  expect(outcome.failed).toBe(true);
});
