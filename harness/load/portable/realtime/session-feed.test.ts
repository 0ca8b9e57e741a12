import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { PipelineSSEEvent } from "../../../../server/src/contract/events.ts";
import {
  SessionFeed,
  type FeedLimits,
  type LogAnswer,
  type SessionFeedOptions,
} from "./session-feed.ts";
import { broadcast, runEvent } from "../../test-support/realtime/broadcasts.ts";

/** Its clock is the test's: what is waited for is part of the behaviour. */
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const TOTAL = 9;

interface Setup {
  feed: SessionFeed;
  out: PipelineSSEEvent[];
  seqs: () => number[];
  live: (...seqs: number[]) => void;
}
const setUp = (changes: Partial<SessionFeedOptions> = {}): Setup => {
  const out: PipelineSSEEvent[] = [];
  const feed = new SessionFeed({
    sessionId: "s",
    epoch: "e1",
    onEvent: (event) => out.push(event),
    nowMs: () => performance.now(),
    ...changes,
  });
  return {
    feed,
    out,
    seqs: () => out.map((event) => event.seq),
    live: (...seqs) => seqs.forEach((seq) => feed.onBroadcast(broadcast(runEvent(seq, TOTAL)))),
  };
};
const answer = (...seqs: number[]): LogAnswer => ({
  status: "replayed",
  events: seqs.map((seq) => runEvent(seq, TOTAL)),
});

describe("without catch-up", () => {
  test("events are handed on at once, with the time that they were sent", () => {
    const sent: (number | undefined)[] = [];
    const { feed } = setUp({ onEvent: (_, sentMs) => sent.push(sentMs) });
    feed.onBroadcast(broadcast(runEvent(1, TOTAL), 12.5));
    feed.onBroadcast({ payload: { event: runEvent(2, TOTAL) } });
    expect(sent).toEqual([12.5, undefined]);
  });

  test("order is restored and duplicates are dropped", () => {
    const { live, seqs } = setUp();
    live(2, 2, 4, 1, 1, 2);
    expect(seqs()).toEqual([1, 2]);
    live(3, 4);
    expect(seqs()).toEqual([1, 2, 3, 4]);
  });

  test("a gap is given up after half a second, counted from the first event behind it", async () => {
    const { live, seqs, feed } = setUp();
    live(2);
    await vi.advanceTimersByTimeAsync(400);
    live(5);
    await vi.advanceTimersByTimeAsync(99);
    expect(seqs()).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(seqs()).toEqual([2]);
    expect(feed.lastId).toBe("e1-2");
    live(1, 3);
    expect(seqs()).toEqual([2, 3]);
    await vi.advanceTimersByTimeAsync(400);
    expect(seqs()).toEqual([2, 3, 5]);
  });

  test("more than the bound are not held", () => {
    const { live, seqs } = setUp({ limits: { maxHeld: 3 } });
    live(3, 5, 7);
    expect(seqs()).toEqual([]);
    live(9);
    expect(seqs()).toEqual([3]);
  });

  test("another run ends the one before it, stragglers of which are dropped", () => {
    const { feed, out, live } = setUp();
    live(1, 3);
    feed.onBroadcast(broadcast(runEvent(2, 5, { epoch: "e2" })));
    feed.onBroadcast(broadcast(runEvent(1, 5, { epoch: "e2" })));
    live(2, 4);
    expect(out.map(({ epoch, seq }) => `${epoch}-${seq}`)).toEqual([
      "e1-1",
      "e1-3",
      "e2-1",
      "e2-2",
    ]);
    expect(feed.lastId).toBe("e2-2");
  });

  test("open-ended events have gaps by design: each is handed on once, whatever the run waits for", () => {
    const { feed, out, live } = setUp();
    live(2);
    const chat = { ...runEvent(1, TOTAL, { epoch: "chat" }), total: 0 };
    for (const seq of [7, 7, 3, 40]) feed.onBroadcast(broadcast({ ...chat, seq }));
    live(1);
    expect(out.map(({ epoch, seq }) => `${epoch}-${seq}`)).toEqual([
      "chat-7",
      "chat-3",
      "chat-40",
      "e1-1",
      "e1-2",
    ]);
  });

  test("nothing is handed on once it is closed, not even from within a handler", async () => {
    const { live, seqs, feed } = setUp();
    live(2);
    feed.close();
    live(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(seqs()).toEqual([]);
    const seen: number[] = [];
    const second = new SessionFeed({
      sessionId: "s",
      epoch: "e1",
      onEvent: ({ seq }) => {
        seen.push(seq);
        second.close();
      },
      nowMs: () => performance.now(),
    });
    for (const seq of [3, 2, 1]) second.onBroadcast(broadcast(runEvent(seq, TOTAL)));
    expect(seen).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("with catch-up", () => {
  test("the log is asked after the last event at every subscription but the first", async () => {
    const askLog = vi.fn(async () => Promise.resolve(answer(4, 5)));
    const resumed: string[] = [];
    const { feed, live, seqs } = setUp({ askLog, onResumed: (status) => resumed.push(status) });
    feed.onSubscribed();
    live(1, 2, 3);
    expect(askLog).not.toHaveBeenCalled();
    feed.onSubscribed();
    live(6);
    await vi.advanceTimersByTimeAsync(0);
    expect(askLog.mock.calls).toEqual([["e1-3"]]);
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(resumed).toEqual(["replayed"]);
  });

  test("with nothing received, everything is asked for", async () => {
    const askLog = vi.fn(async () => Promise.resolve(answer(1)));
    const { feed, seqs } = setUp({ askLog });
    feed.onSubscribed();
    feed.onSubscribed();
    await vi.advanceTimersByTimeAsync(0);
    expect(askLog.mock.calls).toEqual([[undefined]]);
    expect(seqs()).toEqual([1]);
  });

  test("a live gap is asked for once it is half a second old", async () => {
    const askLog = vi.fn(async () => Promise.resolve(answer(2, 3)));
    const { feed, live, seqs } = setUp({ askLog });
    feed.onSubscribed();
    live(1, 3);
    await vi.advanceTimersByTimeAsync(499);
    expect(askLog).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2);
    expect(askLog.mock.calls).toEqual([["e1-1"]]);
    expect(seqs()).toEqual([1, 2, 3]);
  });

  test("what the log does not have any more is given up", async () => {
    const askLog = async (): Promise<LogAnswer> =>
      Promise.resolve({ ...answer(4, 5), status: "window-exceeded" });
    const { feed, live, seqs } = setUp({ askLog });
    feed.onSubscribed();
    live(1);
    feed.onSubscribed();
    await vi.advanceTimersByTimeAsync(0);
    expect(seqs()).toEqual([1, 4, 5]);
    live(6, 8);
    feed.onSubscribed();
    await vi.advanceTimersByTimeAsync(0);
    expect(seqs()).toEqual([1, 4, 5, 6, 8]);
  });

  test("an answer has no say in a run that began after it was asked for", async () => {
    const other = { status: "epoch-changed", events: [runEvent(1, 5, { epoch: "e2" })] } as const;
    const { feed, live, out } = setUp({ askLog: async () => Promise.resolve(other) });
    feed.onSubscribed();
    live(1);
    feed.onSubscribed();
    feed.onBroadcast(broadcast(runEvent(1, 5, { epoch: "e3" })));
    await vi.advanceTimersByTimeAsync(0);
    expect(out.map(({ epoch, seq }) => `${epoch}-${seq}`)).toEqual(["e1-1", "e3-1"]);
  });

  test("a log that does not answer is asked again after 1, 2, 5 s, and events are held 10 s for it", async () => {
    const askedAtMs: number[] = [];
    const startMs = performance.now();
    const askLog = async (): Promise<undefined> => {
      askedAtMs.push(performance.now() - startMs);
      return Promise.reject(new Error("away"));
    };
    const { feed, live, seqs } = setUp({ askLog });
    feed.onSubscribed();
    live(2);
    await vi.advanceTimersByTimeAsync(9_990);
    expect(seqs()).toEqual([]);
    expect(askedAtMs.map((atMs) => Math.round(atMs / 100) * 100)).toEqual([500, 1500, 3500, 8500]);
    await vi.advanceTimersByTimeAsync(20);
    expect(seqs()).toEqual([2]);
  });

  test("an answer of another run leads there, unless that run is over", async () => {
    const other: LogAnswer = {
      status: "epoch-changed",
      events: [1, 2].map((seq) => runEvent(seq, 5, { epoch: "e2" })),
    };
    const { feed, live, out } = setUp({ askLog: async () => Promise.resolve(other) });
    feed.onSubscribed();
    live(1);
    feed.onSubscribed();
    await vi.advanceTimersByTimeAsync(0);
    feed.onBroadcast(broadcast(runEvent(1, 5, { epoch: "e3" })));
    feed.onSubscribed();
    await vi.advanceTimersByTimeAsync(0);
    expect(out.map(({ epoch, seq }) => `${epoch}-${seq}`)).toEqual([
      "e1-1",
      "e2-1",
      "e2-2",
      "e3-1",
    ]);
  });

  test("a subscription's answer is its own: one to an earlier question does not count for it", async () => {
    const answers: ((one: LogAnswer) => void)[] = [];
    const resumed: string[] = [];
    const { feed, live } = setUp({
      askLog: async () => new Promise((resolve) => answers.push(resolve)),
      onResumed: (status) => resumed.push(status),
    });
    feed.onSubscribed();
    live(1);
    feed.onSubscribed();
    feed.onSubscribed();
    answers[0]?.({ ...answer(), status: "window-exceeded" });
    await vi.advanceTimersByTimeAsync(0);
    expect(resumed).toEqual([]);
    answers[1]?.(answer());
    await vi.advanceTimersByTimeAsync(0);
    expect(resumed).toEqual(["replayed"]);
  });
});

const FOREIGN: [string, unknown][] = [
  ["nothing", undefined],
  ["null", null],
  ["a text", "broadcast"],
  ["no payload", { type: "broadcast", event: "section_draft" }],
  ["a payload that is null", { payload: null }],
  ["no event", { payload: { sentMs: 1 } }],
  ["an event of another session", broadcast(runEvent(1, 5, { sessionId: "other" }))],
  ["an epoch that is none", broadcast(runEvent(1, 5, { epoch: "E 1" }))],
  ["no number", { payload: { event: { ...runEvent(1, 5), seq: undefined } } }],
  ["a number that is none", { payload: { event: { ...runEvent(1, 5), seq: 1.5 } } }],
  ["a negative number", { payload: { event: { ...runEvent(1, 5), seq: -1 } } }],
  ["a number beyond its run", { payload: { event: { ...runEvent(1, 5), seq: 6 } } }],
  ["no payload of its own", { payload: { event: { ...runEvent(1, 5), payload: undefined } } }],
];

test.each(FOREIGN)("%s is ignored", async (_, message) => {
  const { feed, live, seqs } = setUp({
    askLog: async () => Promise.resolve({ status: "replayed", events: [message] }),
  });
  feed.onBroadcast(message);
  live(2);
  await vi.advanceTimersByTimeAsync(600);
  expect(seqs()).toEqual([2]);
});

describe("properties", () => {
  const isInOrder = (seqs: readonly number[]): boolean =>
    seqs.every((seq, i) => i === 0 || seq > (seqs[i - 1] ?? 0));

  test("without catch-up: whatever arrives within the wait is handed on once, in order", async () => {
    const arrivals = fc.array(fc.integer({ min: 1, max: TOTAL }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(arrivals, async (seqs) => {
        const setup = setUp();
        setup.live(...seqs);
        await vi.advanceTimersByTimeAsync(600);
        expect(setup.seqs()).toEqual([...new Set(seqs)].sort((a, b) => a - b));
      }),
    );
  });

  test("without catch-up: nothing is held longer than the wait, however it arrives", async () => {
    const arrivals = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 400 })),
      {
        maxLength: 60,
      },
    );
    await fc.assert(
      fc.asyncProperty(arrivals, async (steps) => {
        const arrivedMs = new Map<number, number>();
        const heldMs: number[] = [];
        const seqs: number[] = [];
        const onEvent = ({ seq }: PipelineSSEEvent): void => {
          seqs.push(seq);
          heldMs.push(performance.now() - (arrivedMs.get(seq) ?? NaN));
        };
        const { feed } = setUp({ onEvent });
        for (const [seq, pauseMs] of steps) {
          if (!arrivedMs.has(seq)) arrivedMs.set(seq, performance.now());
          feed.onBroadcast(broadcast(runEvent(seq, 50)));
          await vi.advanceTimersByTimeAsync(pauseMs);
        }
        await vi.advanceTimersByTimeAsync(600);
        expect(isInOrder(seqs)).toBe(true);
        expect(Math.max(0, ...heldMs)).toBeLessThanOrEqual(501);
        expect(vi.getTimerCount()).toBe(0);
      }),
    );
  });

  /** `copies`: after how many milliseconds each copy arrives; none: lost on the way. */
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        copies: fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant("subscribe" as const) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 1_500 }) },
  );
  /** `fails`: no answer. `readFirst`: the log is read when it is asked, and not when it answers. */
  const reply = fc.record({
    delayMs: fc.integer({ min: 0, max: 1_500 }),
    fails: fc.boolean(),
    readFirst: fc.boolean(),
  });
  const PATIENT: Partial<FeedLimits> = { logMs: 1e9 };

  test("with catch-up: every event once and in order, whatever the way loses, repeats and delays", async () => {
    const scenario = [
      fc.array(step, { maxLength: 60 }),
      fc.array(reply, { minLength: 1, maxLength: 8 }),
    ] as const;
    await fc.assert(
      fc.asyncProperty(...scenario, async (steps, replies) => {
        let published = 0;
        const total = 1 + steps.filter((one) => typeof one === "object").length;
        const readAfter = (after: string | undefined): LogAnswer => {
          const from = Number((after ?? "e1-0").split("-")[1]);
          const events = Array.from({ length: published - from }, (_, i) =>
            runEvent(from + 1 + i, total),
          );
          return { status: "replayed", events };
        };
        let asked = 0;
        const askLog = async (after: string | undefined): Promise<LogAnswer | undefined> => {
          const { delayMs, fails, readFirst } = replies[asked++] ?? {
            delayMs: 5,
            fails: false,
            readFirst: true,
          };
          const first = readAfter(after);
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          return fails ? undefined : readFirst ? first : readAfter(after);
        };
        const { feed, seqs } = setUp({ askLog, limits: PATIENT });
        feed.onSubscribed();
        const publish = (copies: readonly number[]): void => {
          const message = broadcast(runEvent(++published, total));
          for (const delayMs of copies) setTimeout(() => feed.onBroadcast(message), delayMs);
        };
        for (const one of steps) {
          if (one === "subscribe") feed.onSubscribed();
          else if (typeof one === "number") await vi.advanceTimersByTimeAsync(one);
          else publish(one.copies);
        }
        publish([]);
        feed.onSubscribed();
        await vi.advanceTimersByTimeAsync(120_000);
        expect(seqs()).toEqual(Array.from({ length: total }, (_, i) => i + 1));
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("with catch-up: a live gap is enough, without another subscription", async () => {
    const lost = fc.uniqueArray(fc.integer({ min: 1, max: 19 }));
    await fc.assert(
      fc.asyncProperty(lost, async (missing) => {
        const events = Array.from({ length: 20 }, (_, i) => runEvent(i + 1, 20));
        const askLog = async (after: string | undefined): Promise<LogAnswer> =>
          Promise.resolve({
            status: "replayed",
            events: events.slice(Number(after?.split("-")[1] ?? 0)),
          });
        const { feed, seqs } = setUp({ askLog });
        feed.onSubscribed();
        for (const event of events) {
          if (!missing.includes(event.seq)) feed.onBroadcast(broadcast(event));
        }
        await vi.advanceTimersByTimeAsync(2_000);
        expect(seqs()).toEqual(events.map((event) => event.seq));
      }),
    );
  });

  const anyEvent = fc.record({
    seq: fc.integer({ min: 0, max: 12 }),
    total: fc.constantFrom(0, 10),
    epoch: fc.constantFrom("e1", "e2", "e3"),
    sessionId: fc.constantFrom("s", "s", "s", "other"),
  });
  const anyAnswer = fc.record({
    status: fc.constantFrom(
      "replayed" as const,
      "window-exceeded" as const,
      "epoch-changed" as const,
    ),
    events: fc.array(fc.oneof(anyEvent, fc.anything()), { maxLength: 15 }),
  });

  test(
    "whatever the channel and the log say, each run is in order, without a duplicate and in " +
      "one piece",
    async () => {
      const anything = fc.array(
        fc.oneof(anyEvent, fc.constant("subscribe" as const), fc.nat(3_000)),
        {
          maxLength: 60,
        },
      );
      const answers = fc.array(fc.option(anyAnswer), { maxLength: 10 });
      await fc.assert(
        fc.asyncProperty(anything, answers, async (steps, replies) => {
          const complete = (one: object): object => ({ ...runEvent(1, 10), ...one });
          const askLog = async (): Promise<LogAnswer | undefined> => {
            const next = replies.shift() ?? undefined;
            return Promise.resolve(
              next && { ...next, events: next.events.map((one) => complete(one as object)) },
            );
          };
          const { feed, out } = setUp({ askLog, limits: { maxHeld: 4 } });
          feed.onSubscribed();
          for (const one of steps) {
            if (one === "subscribe") feed.onSubscribed();
            else if (typeof one === "number") await vi.advanceTimersByTimeAsync(one);
            else feed.onBroadcast(broadcast(complete(one) as PipelineSSEEvent));
          }
          await vi.advanceTimersByTimeAsync(20_000);
          feed.close();
          const ofRuns = out.filter((event) => event.total > 0);
          const epochs = ofRuns
            .map((event) => event.epoch)
            .filter((epoch, i, all) => epoch !== all[i - 1]);
          expect(new Set(epochs).size).toBe(epochs.length);
          for (const epoch of epochs) {
            expect(
              isInOrder(ofRuns.filter((one) => one.epoch === epoch).map((one) => one.seq)),
            ).toBe(true);
          }
          expect(out.every((event) => event.sessionId === "s")).toBe(true);
          expect(vi.getTimerCount()).toBe(0);
        }),
        { numRuns: 300 },
      );
    },
  );
});
