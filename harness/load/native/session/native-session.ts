import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "../../../../common/clock.ts";
import type { Observation, ReceivedObservation } from "../../../history/observation.ts";
import { plannedEvents } from "../../portable/load-progress.ts";
import type { SessionSchedule } from "../../portable/load-schedule.ts";
import { RealtimeStream } from "../../portable/realtime/realtime-stream.ts";
import { readCreated } from "../../portable/realtime/read-access.ts";
import type { BegunSession } from "../../portable/service/begin-session.ts";
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
  readonly #plainEpochs: boolean;
  readonly #onSettled: () => void;
  #settled = false;
  #received = 0;

  /** @param onSettled called once, when nothing more can come of the session */
  constructor(context: ShardContext, schedule: SessionSchedule, onSettled: () => void) {
    super(context.plan, schedule, context.limits, context.reader, context.wallOffsetMs);
    const { event } = context.plan.service;
    this.#plainEpochs = context.plan.ledger && event.run?.from === "id";
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
    if (this.plan.service.event.total?.from !== "plan") return 0;
    return Math.max(0, plannedEvents(this.plan, this.schedule, offsetMs) - this.#received);
  }

  protected recordReceived(event: Omit<ReceivedObservation, "type">): void {
    this.#received++;
    this.#context.counters.received++;
    if (this.#plainEpochs) this.#context.recorder.recordReceived(event);
    else this.#context.recorder.record({ type: "received", ...event });
  }

  protected createStream(begun: BegunSession): OwnedStream {
    const { schedule, requests } = this;
    if (this.plan.client !== "realtime")
      return new NativeSseStream(this.#context, schedule, requests, this.#cookies, this);
    return new RealtimeStream({
      created: readCreated(begun),
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
    const headers = this.#cookies.addTo(step.headers);
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
