import { Timer } from "../../../harness/load/portable/realtime/timer.ts";
import { openPhoenixChannel } from "../../../harness/load/portable/realtime/phoenix-channel.ts";
import { RealtimeStream } from "../../../harness/load/portable/realtime/realtime-stream.ts";
import { ENGINE_LIMITS } from "../../../harness/load/portable/engine-limits.ts";
import type { StreamOwner } from "../../../harness/load/portable/session/stream-owner.ts";
import { StreamRecord } from "../../../harness/load/portable/session/stream-record.ts";
import {
  TERMINAL_EVENT_TYPES,
  type PipelineSSEEvent,
  type SessionCreated,
} from "../../../server/src/contract/events.ts";
import { nowMs } from "../output/clock.ts";
import type { K6LogWriter } from "../output/k6-log-writer.ts";
import { gateOf } from "../../../harness/load/portable/session/read-answers.ts";
import type { ArrivedSession } from "../session/run-session.ts";
import type { ScriptPlan } from "../plan/plan.ts";
import { ChannelRequests } from "./async-http-requests.ts";
import { openK6Wire } from "./k6-wire.ts";

const FLUSH_MS = 1_000;

/**
 * One person at one page of phase 3: follows the session's channel by the native engine's own rules, on k6's WebSocket and event loop. There is
 * one page to a VU, so whatever blocks before the channel is open keeps nobody waiting.
 */
export class RealtimePage implements StreamOwner {
  readonly #session: ArrivedSession;
  readonly #requests: ChannelRequests;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #gates = new Set<string>();
  readonly #deadline = new Timer();
  readonly #output: K6LogWriter;
  readonly #flush = new Timer();
  #stream: RealtimeStream | undefined;
  #onOver: () => void = () => {};

  constructor(plan: ScriptPlan, session: ArrivedSession, output: K6LogWriter) {
    this.#session = session;
    this.#output = output;
    this.#requests = new ChannelRequests(plan.load, session.schedule, session.times, session.account);
  }

  /** Resolves after the last event, when the client model gives up, or at the deadline; what was asked for is answered by then. */
  async visit(): Promise<void> {
    const { background } = this.#session.schedule;
    this.#requests.readClock();
    this.#requests.background(background[0]);
    const created = this.#requests.create();
    if (created === undefined) return;
    this.#requests.background(background[1]);
    this.#flushLater();
    await this.#follow(created);
    this.#deadline.clear();
    this.#requests.close();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    this.#flush.clear();
  }

  onFirstConnected(): void {
    void this.#during(this.#start());
  }

  onEvent(
    name: string,
    _id: string | undefined,
    connection: number,
    atMs: number,
    data: () => unknown,
    sentMs?: number,
  ): void {
    const { account } = this.#session;
    // The feed hands on nothing else.
    const event = data() as PipelineSSEEvent;
    const { epoch, seq } = event;
    const terminal = TERMINAL_EVENT_TYPES.has(name);
    account.record({
      type: "received",
      session: account.session,
      connection,
      epoch,
      seq,
      ...(terminal && { terminal }),
      ...(sentMs !== undefined && { sentMs }),
      atMs,
    });
    account.published(event);
    if (name === "pipeline_gate") this.#onGate(gateOf(event));
    if (terminal) this.#end("finished");
  }

  onGivenUp(): void {
    this.#onOver();
  }

  #follow(created: SessionCreated): Promise<void> {
    const { account, times } = this.#session;
    const over = new Promise<void>((resolve) => (this.#onOver = resolve));
    this.#deadline.set(Math.max(0, times.deadlineMs - nowMs()), () => this.#end("drained"));
    this.#stream = new RealtimeStream({
      created,
      openChannel: openPhoenixChannel(openK6Wire(ENGINE_LIMITS.headTimeoutMs)),
      fetchToken: () => this.#during(this.#requests.token()),
      fetchLog: (after) => this.#during(this.#requests.log(after)),
      record: new StreamRecord({ recorder: account, counters: { up: 0, reconnects: 0 } }, account.session),
      owner: this,
      nowMs,
    });
    this.#stream.open();
    return over;
  }

  #end(reason: "finished" | "drained"): void {
    this.#stream?.close(reason);
    this.#onOver();
  }

  async #start(): Promise<void> {
    await this.#requests.backgroundLater(this.#session.schedule.background[2]);
    // A pipeline that does not start has no last event: the channel is followed to the deadline, as the native engine does.
    await this.#requests.startLater();
  }

  /** The log may show a gate again; it is answered once. */
  #onGate(gate: string | undefined): void {
    if (gate === undefined || this.#gates.has(gate)) return;
    this.#gates.add(gate);
    this.#session.account.gateOffered(gate);
    void this.#during(this.#requests.answerGateLater(gate));
  }

  /** Whoever follows the console sees what the page has seen, also when nothing comes for a while. */
  #flushLater(): void {
    this.#flush.set(FLUSH_MS, () => {
      this.#output.flush();
      this.#flushLater();
    });
  }

  /** Nothing that the page has asked for is left behind when the session's account is closed. */
  #during<T>(work: Promise<T>): Promise<T> {
    const done = work.finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
    return done;
  }
}
