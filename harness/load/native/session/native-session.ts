import { setTimeout as sleep } from "node:timers/promises";
import type { SessionCreated } from "../../../../server/src/contract/events.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { Observation, ReceivedObservation } from "../../../history/observation.ts";
import { plannedEvents } from "../../portable/load-progress.ts";
import type { SessionSchedule } from "../../portable/load-schedule.ts";
import { RealtimeStream } from "../../portable/realtime/realtime-stream.ts";
import {
  runSteps,
  type ControlAnswer,
  type Step,
  type Steps,
} from "../../portable/session/session-steps.ts";
import { Session } from "../../portable/session/session.ts";
import type { OwnedStream } from "../../portable/session/stream-owner.ts";
import { StreamRecord } from "../../portable/session/stream-record.ts";
import { CookieStore } from "../transport/cookie-store.ts";
import type { ShardContext } from "../workers/shard-context.ts";
import { NativeSseStream } from "./native-sse-stream.ts";

/** A session of the native engine: its steps wait for undici and timers, its stream is a socket. */
export class NativeSession extends Session {
  readonly #context: ShardContext;
  readonly #cookies = new CookieStore();
  readonly #onSettled: () => void;
  #settled = false;
  #received = 0;

  /** @param onSettled called once, when nothing more can come of the session */
  constructor(context: ShardContext, schedule: SessionSchedule, onSettled: () => void) {
    super(context.plan, schedule, context.limits);
    this.#context = context;
    this.#onSettled = onSettled;
  }

  get isOver(): boolean {
    return this.#context.signal.aborted;
  }

  get isDraining(): boolean {
    return this.#context.draining;
  }

  nowMs(): number {
    return nowMs();
  }

  record(observation: Observation): void {
    this.#context.recorder.record(observation);
  }

  /** Arrives. The stream's confirmation carries it on. Never rejects. */
  arrive(): Promise<void> {
    return this.#untilOver(async () => this.follow(await this.#run(this.arrival())));
  }

  /** Events that the plan has by `offsetMs` after the load's start and that are missing. */
  overdue(offsetMs: number): number {
    return Math.max(0, plannedEvents(this.plan, this.schedule, offsetMs) - this.#received);
  }

  protected recordReceived(event: Omit<ReceivedObservation, "type">): void {
    this.#received++;
    this.#context.counters.received++;
    this.#context.recorder.recordReceived(event);
  }

  protected createStream(created: SessionCreated): OwnedStream {
    if (this.plan.client !== "realtime")
      return new NativeSseStream(this.#context, this.schedule, created, this.#cookies, this);
    return new RealtimeStream({
      created,
      openChannel: this.#context.openChannel,
      fetchToken: () => this.#run(this.requests.token()),
      fetchLog: (after) => this.#run(this.requests.log(after)),
      record: new StreamRecord(this.#context, this.schedule.session),
      owner: this,
      nowMs,
    });
  }

  protected begin(steps: Steps<void>): void {
    void this.#untilOver(() => this.#run(steps));
  }

  protected onOver(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#onSettled();
  }

  protected override onNotStarted(): void {
    this.onOver();
  }

  #run<T>(steps: Steps<T>): Promise<T> {
    return runSteps(steps, (step) => this.#perform(step));
  }

  async #perform(step: Step): Promise<ControlAnswer | undefined> {
    if ("waitMs" in step) return sleep(step.waitMs, undefined, { signal: this.#context.signal });
    const headers = { ...this.#cookies.headers(), ...step.headers };
    const answer = await this.#context.control.send({ ...step, headers });
    this.#cookies.take(answer.setCookies);
    return answer;
  }

  /** The end of the load interrupts every wait; that is no failure. */
  async #untilOver(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.isOver) throw error;
    }
  }
}
