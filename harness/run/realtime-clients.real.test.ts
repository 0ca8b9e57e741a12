import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RealtimeClient } from "@supabase/realtime-js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../../standins/realtime/server/test-support/start-stand-in.ts";
import { sessionChannel } from "../../server/src/contract/events.ts";
import { nowMs } from "../../common/clock.ts";
import { judgeRun } from "../checker/judge-run.ts";
import type { RunResult } from "../checker/run-result.ts";
import type { Observation } from "../history/observation.ts";
import { runObservation } from "../history/test-support/run-observation.ts";
import { ControlClient } from "../load/native/transport/control-client.ts";
import { ENGINE_LIMITS } from "../load/portable/engine-limits.ts";
import { scheduleSessions } from "../load/portable/load-schedule.ts";
import type { OpenChannel } from "../load/portable/realtime/channel.ts";
import { openPhoenixChannel } from "../load/portable/realtime/phoenix-channel.ts";
import { broadcast } from "../load/test-support/realtime/broadcasts.ts";
import { openOfficialChannel, transport } from "../load/test-support/realtime/official-client.ts";
import { PageService } from "../load/test-support/realtime/page-service.ts";
import { openWsWire } from "../load/native/transport/ws-wire.ts";
import { SegmentWriter } from "../load/native/segment-writer.ts";
import { NativeSession } from "../load/native/session/native-session.ts";
import type { ShardContext } from "../load/native/workers/shard-context.ts";
import { EventReader } from "../load/portable/service/event-reader.ts";
import { LAB_PROTOCOL } from "../load/portable/service/lab-protocol.ts";
import { SocketTransport } from "../load/native/transport/socket-transport.ts";
import { smallPlan } from "../load/test-support/load-plan.ts";
import { ofType, readHistory } from "../load/test-support/read-history.ts";

const PATIENCE = { timeout: 30_000, interval: 25 };
const CLIENTS: [string, OpenChannel][] = [
  ["ours", openPhoenixChannel(openWsWire())],
  ["realtime-js", openOfficialChannel()],
];

/**
 * One client with a history of its own. Both have the same plan, so they are judged by the same
 * rules.
 */
class Follower {
  readonly name: string;
  readonly #recorder: SegmentWriter;
  readonly #session: NativeSession;
  readonly #over: AbortController;
  readonly #context: ShardContext;
  readonly #beganMs = nowMs();
  readonly #published: Observation[] = [];
  readonly #events: number;

  private constructor(name: string, context: ShardContext, over: AbortController) {
    this.name = name;
    this.#context = context;
    this.#recorder = context.recorder;
    this.#over = over;
    const schedule = scheduleSessions(context.plan)[0]!;
    this.#events = schedule.events;
    this.#session = new NativeSession(context, { ...schedule, background: [0, 0, 0] }, () => {});
    void this.#session.arrive();
  }

  static async start(
    name: string,
    openChannel: OpenChannel,
    url: string,
    total: number,
  ): Promise<Follower> {
    const over = new AbortController();
    const target = { host: "x", address: "127.0.0.1", port: 1 };
    const context: ShardContext = {
      plan: smallPlan(url, {
        client: "realtime",
        sessions: 1,
        eventsPerSecond: total,
        durationS: 1,
      }),
      limits: ENGINE_LIMITS,
      reader: new EventReader(LAB_PROTOCOL),
      wallOffsetMs: 0,
      recorder: await SegmentWriter.open(join(folder, name), (error) => {
        throw error;
      }),
      control: new ControlClient(url, ENGINE_LIMITS, undefined),
      transport: new SocketTransport(target, ENGINE_LIMITS),
      openChannel,
      signal: over.signal,
      draining: false,
      counters: { up: 0, received: 0, reconnects: 0 },
    };
    return new Follower(name, context, over);
  }

  get counters(): ShardContext["counters"] {
    return this.#context.counters;
  }

  /** What the ledger would tell. */
  published(seq: number): void {
    const atMs = nowMs();
    const terminal = seq === this.#events;
    this.#published.push({
      type: "published",
      session: "s0",
      epoch: "e1",
      seq,
      ...(terminal && { terminal }),
      instance: "i1",
      intendedMs: atMs,
      atMs,
      route: "broker",
    });
  }

  async history(): Promise<Observation[]> {
    await this.#recorder.flush();
    return readHistory([this.#recorder.path]);
  }

  async stop(): Promise<void> {
    this.#session.close();
    this.#over.abort();
    this.#context.transport.close();
    await this.#context.control.close();
    await this.#recorder.close();
  }

  /** Call it once it is stopped. */
  async judge(): Promise<RunResult> {
    const own = await readHistory([this.#recorder.path]);
    const endMs = nowMs();
    const load = { sessions: 1, eventsPerSecond: this.#events, durationS: 1, gates: 0 };
    return judgeRun([
      runObservation({ atMs: this.#beganMs, load }),
      { type: "planned", session: "s0", events: this.#events, arriveMs: this.#beganMs },
      { type: "phase", phase: "load-started", atMs: this.#beganMs },
      { type: "phase", phase: "loaded", atMs: this.#beganMs + 1 },
      { type: "phase", phase: "drain-started", atMs: endMs - 1 },
      { type: "phase", phase: "drain-ended", atMs: endMs },
      { type: "ledger", instance: "i1", state: "read", records: 1 },
      ...this.#published,
      ...own,
    ]);
  }
}

let folder: string;
let standIn: TestStandIn;
let service: PageService;
let followers: Follower[];

const setUp = async (options: {
  total: number;
  tokenTtlS: number;
  catchUp: boolean;
  env?: Record<string, string>;
}): Promise<void> => {
  standIn = await startStandIn({ env: options.env ?? {} });
  service = await PageService.start({ realtime: standIn, ...options });
  followers = await Promise.all(
    CLIENTS.map(([name, open]) => Follower.start(name, open, service.url, options.total)),
  );
  await vi.waitFor(() => expect(service.started).toHaveLength(CLIENTS.length), PATIENCE);
};
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "realtime-clients-"))));
afterEach(async () => {
  await service.stop();
  await standIn.stop();
  await rm(folder, { recursive: true });
});

const ledger = (...seqs: number[]): void => {
  for (const seq of seqs) for (const follower of followers) follower.published(seq);
};
const publish = async (...seqs: number[]): Promise<void> => {
  ledger(...new Set([...seqs].sort((a, b) => a - b)));
  await service.publish(...seqs);
};
const everyone = async (condition: (follower: Follower) => Promise<void> | void): Promise<void> => {
  await Promise.all(followers.map((one) => vi.waitFor(async () => condition(one), PATIENCE)));
};
const allReceived = (count: number): Promise<void> =>
  everyone(({ counters }) => expect(counters.received).toBe(count));

/** What two histories have to agree on; times are each client's own. */
const verdictOf = (result: RunResult): Partial<RunResult> => {
  const { due, delivered, recovered, lost, neverPublished, indeterminate } = result;
  const { duplicated, reordered, unexpected, lostByCause, stuckStreams, reconnects, gates } =
    result;
  return {
    due,
    delivered,
    recovered,
    lost,
    neverPublished,
    indeterminate,
    duplicated,
    reordered,
    unexpected,
    lostByCause,
    stuckStreams,
    gates,
    ...{ reconnectCount: reconnects.count },
  };
};

/** What the channel went through, without its times. */
const story = (history: readonly Observation[]): unknown[] =>
  history.flatMap((one): unknown[] => {
    if (one.type === "connected") return [["connected", one.connection, one.resume]];
    if (one.type === "disconnected") return [["disconnected", one.connection, one.reason]];
    return one.type === "received" ? [`${one.epoch}-${one.seq}`] : [];
  });

describe.each([
  ["without catch-up", false],
  ["with catch-up", true],
])("our client and the official one, %s", (_, catchUp) => {
  test("see the same: duplicates, another order, a loss, an outage, tokens that are renewed", async () => {
    await setUp({ total: 15, tokenTtlS: 8, catchUp });
    await publish(1, 2, 2, 3, 1, 4, 5);
    await publish(7, 6, 8);
    await allReceived(8);

    ledger(9);
    service.log(9);
    await publish(10);
    await allReceived(catchUp ? 10 : 9);

    await standIn.kill();
    await everyone(({ counters }) => expect(counters.up).toBe(0));
    ledger(11, 12);
    service.log(11, 12);
    await standIn.restart();
    await everyone(({ counters }) => expect(counters).toMatchObject({ up: 1, reconnects: 1 }));
    await publish(13);
    await allReceived(catchUp ? 13 : 10);

    // The first token's time is over by then, so the channel lives by another one.
    await everyone(async (one) => {
      const tokens = ofType(await one.history(), "request").filter(
        ({ request }) => request === "token",
      );
      expect(tokens.length).toBeGreaterThan(1);
    });
    await publish(14);
    await publish(15);
    await everyone(({ counters }) => expect(counters.up).toBe(0));
    await Promise.all(followers.map((one) => one.stop()));

    const [ours, theirs] = await Promise.all(followers.map((one) => one.judge()));
    expect(verdictOf(ours!)).toEqual(verdictOf(theirs!));
    expect(verdictOf(ours!)).toMatchObject(
      catchUp
        ? { delivered: 13, recovered: 2, lost: 0, stuckStreams: 0, reordered: 0, duplicated: 0 }
        : {
            delivered: 12,
            recovered: 0,
            lost: 3,
            lostByCause: { "while-disconnected": 2, unexplained: 1 },
            stuckStreams: 0,
          },
    );
    const [ourStory, theirStory] = await Promise.all(
      followers.map(async (one) => story(await readHistory([join(folder, one.name)]))),
    );
    expect(ourStory).toEqual(theirStory);
    expect(service.gates.map((gate) => (gate as { sessionId: string }).sessionId).sort()).toEqual(
      service.started,
    );
  });
});

test(
  "a token that expires while no other is to be had ends the channel for both, and the next " +
    "one brings them back",
  async () => {
    await setUp({ total: 4, tokenTtlS: 2, catchUp: true });
    service.refuseTokens = 503;
    await publish(1);
    await everyone(({ counters }) => expect(counters).toMatchObject({ up: 0, received: 1 }));
    ledger(2);
    service.log(2);
    service.refuseTokens = undefined;
    await everyone(({ counters }) => expect(counters).toMatchObject({ up: 1, received: 2 }));
    await publish(3);
    await publish(4);
    await everyone(({ counters }) => expect(counters).toMatchObject({ up: 0, received: 4 }));
    await Promise.all(followers.map((one) => one.stop()));
    const [ours, theirs] = await Promise.all(followers.map((one) => one.judge()));
    expect(verdictOf(ours!)).toEqual(verdictOf(theirs!));
    expect(verdictOf(ours!)).toMatchObject({ delivered: 3, recovered: 1, lost: 0 });
    for (const one of followers) {
      const [first] = ofType(await readHistory([join(folder, one.name)]), "disconnected");
      expect(first).toMatchObject({
        reason: "ended",
        detail: expect.stringMatching(/expired/) as string,
      });
    }
  },
);

test(
  "a channel that is ended for the project's limit stays ended for both, and its losses are " +
    "the quota's",
  async () => {
    const total = 1_000;
    await setUp({
      total,
      tokenTtlS: 60,
      catchUp: false,
      env: { TENANT_MAX_EVENTS_PER_SECOND: "5" },
    });
    // Over HTTP Realtime would refuse the messages instead of ending the channels.
    const sender = new RealtimeClient(standIn.url, {
      transport,
      params: { apikey: standIn.serviceKey },
    });
    const channels = await Promise.all(
      service.started.map(
        async (sessionId) =>
          new Promise<{ send: (seq: number) => Promise<unknown> }>((resolve) => {
            const channel = sender.channel(sessionChannel(sessionId), {
              config: { private: true },
            });
            channel.subscribe((status) => {
              if ((status as string) !== "SUBSCRIBED") return;
              const send = async (seq: number): Promise<unknown> =>
                channel.send({ ...broadcast(service.event(sessionId, seq)), type: "broadcast" });
              resolve({ send });
            });
          }),
      ),
    );
    const isUp = (): boolean => followers.some(({ counters }) => counters.up > 0);
    let afterwards = 5;
    for (let seq = 1; (isUp() || afterwards-- > 0) && seq < total; seq++) {
      ledger(seq);
      for (const channel of channels) void channel.send(seq);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Promise.all(followers.map((one) => one.stop()));
    await sender.disconnect();
    for (const one of followers) {
      const history = await readHistory([join(folder, one.name)]);
      expect(ofType(history, "disconnected")).toMatchObject([
        { reason: "quota", detail: "Too many messages per second" },
      ]);
      expect(ofType(history, "connect-failed")).toMatchObject([{ quota: true, fatal: true }]);
      const { lostByCause, lost, stuckStreams } = await one.judge();
      expect(lost).toBeGreaterThanOrEqual(5);
      expect(lostByCause.quota).toBe(lost);
      expect(stuckStreams).toBe(1);
    }
  },
);
