import { Timer } from "../../../harness/load/portable/realtime/timer.ts";
import { openPhoenixChannel } from "../../../harness/load/portable/realtime/phoenix-channel.ts";
import { readCreated } from "../../../harness/load/portable/realtime/read-access.ts";
import type { BegunSession } from "../../../harness/load/portable/service/begin-session.ts";
import { RealtimeStream } from "../../../harness/load/portable/realtime/realtime-stream.ts";
import { runSteps, type Steps } from "../../../harness/load/portable/session/session-steps.ts";
import { StreamRecord } from "../../../harness/load/portable/session/stream-record.ts";
import { nowMs } from "../output/clock.ts";
import type { K6LogWriter } from "../output/k6-log-writer.ts";
import type { ScriptPlan } from "../plan/plan.ts";
import { K6Session } from "../session/k6-session.ts";
import type { ArrivedSession } from "../session/await-arrival.ts";
import { AsyncHttpRequests, ClosedError } from "./async-http-requests.ts";
import { openK6Wire } from "./k6-wire.ts";

const FLUSH_MS = 1_000;

/**
 * A session that follows its channel on k6's WebSocket and event loop. A VU has one session, so
 * steps may block it before the channel is open.
 */
export class RealtimePage extends K6Session<AsyncHttpRequests> {
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #deadline = new Timer();
  readonly #output: K6LogWriter;
  readonly #flush = new Timer();
  readonly #over: Promise<void>;
  #onOver: () => void = () => {};

  constructor(plan: ScriptPlan, arrived: ArrivedSession, output: K6LogWriter) {
    super(plan, arrived, new AsyncHttpRequests(plan.load, arrived.times, arrived.recorder));
    this.#output = output;
    this.#over = new Promise((resolve) => (this.#onOver = resolve));
  }

  /**
   * Resolves after the last event, when the client model gives up, or at the deadline. Requests
   * under way are answered by then.
   */
  async visit(): Promise<void> {
    const begun = this.arrive();
    this.#flushLater();
    this.#deadline.set(Math.max(0, this.times.deadlineMs - nowMs()), () => {
      this.close();
      this.onOver();
    });
    this.follow(begun);
    await this.#over;
    this.#deadline.clear();
    this.http.close();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    this.#flush.clear();
  }

  protected createStream(begun: BegunSession): RealtimeStream {
    return new RealtimeStream({
      created: readCreated(begun),
      openChannel: openPhoenixChannel(openK6Wire(this.limits.headTimeoutMs)),
      fetchToken: () => this.#run(this.requests.token()),
      fetchLog: (after) => this.#run(this.requests.log(after)),
      record: new StreamRecord(this.log, this.schedule.session),
      owner: this,
      nowMs,
    });
  }

  protected begin(steps: Steps<void>): void {
    void this.#run(steps).catch(ignoreClosed);
  }

  protected onOver(): void {
    this.#onOver();
  }

  /** The console shows what the page has seen, also when nothing comes for a while. */
  #flushLater(): void {
    this.#flush.set(FLUSH_MS, () => {
      this.#output.flush();
      this.#flushLater();
    });
  }

  /** The page outlasts its requests, so that each is recorded before the session ends. */
  #run<T>(steps: Steps<T>): Promise<T> {
    const running = runSteps(steps, (step) => this.http.performLater(step));
    const done = running.catch(ignoreClosed).finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
    return running;
  }
}

const ignoreClosed = (error: unknown): void => {
  if (!(error instanceof ClosedError)) throw error;
};
