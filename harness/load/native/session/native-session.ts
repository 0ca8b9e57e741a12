import { z } from "zod";
import { TERMINAL_EVENT_TYPES, type SessionCreated } from "../../../../server/src/contract/events.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { ReceivedObservation } from "../../../history/observation.ts";
import { CookieStore } from "../transport/cookie-store.ts";
import { readEventId, type EventId } from "../../../../common/portable/event-id.ts";
import { plannedEvents } from "../../portable/load-progress.ts";
import type { SessionSchedule } from "../../portable/load-schedule.ts";
import { RealtimeStream } from "../../portable/realtime/realtime-stream.ts";
import { SessionRequests } from "./session-requests.ts";
import { SessionStream } from "./native-sse-stream.ts";
import type { ShardContext } from "../workers/shard-context.ts";
import type { OwnedStream, StreamOwner } from "../../portable/session/stream-owner.ts";
import { StreamRecord } from "../../portable/session/stream-record.ts";

const gateEvent = z.object({ payload: z.object({ gate: z.string() }) });

/** Told once, when nothing more can come of a session: its terminal event was seen, or it failed for good. */
type OnSettled = (session: Session) => void;

/** One person at one page: creates a session, opens the stream, starts the pipeline, answers gates, follows to the end. */
export class Session implements StreamOwner {
  readonly schedule: SessionSchedule;
  readonly #context: ShardContext;
  readonly #requests: SessionRequests;
  readonly #cookies = new CookieStore();
  readonly #onSettled: OnSettled;
  #stream: OwnedStream | undefined;
  #settled = false;
  #received = 0;
  /** Gates seen, made at the first: most sessions never see one. */
  #gates: Set<string> | undefined;

  constructor(context: ShardContext, schedule: SessionSchedule, onSettled: OnSettled) {
    this.#context = context;
    this.schedule = schedule;
    this.#onSettled = onSettled;
    this.#requests = new SessionRequests(context, schedule, this.#cookies);
  }

  /** Arrives. The stream's confirmation carries it on, see {@link onFirstConnected}. Never rejects. */
  async arrive(): Promise<void> {
    const { background } = this.schedule;
    await this.#untilClosed(async () => {
      await this.#requests.background(background[0]);
      const created = await this.#requests.create();
      if (created === undefined) {
        this.#settle();
        return;
      }
      await this.#requests.background(background[1]);
      if (this.#context.signal.aborted) return;
      this.#stream =
        this.#context.plan.client === "realtime"
          ? this.#realtimeStream(created)
          : new SessionStream(this.#context, this.schedule, created, this.#cookies, this);
      this.#stream.open();
    });
  }

  /** Events that by the plan should have been here by `offsetMs` after the load's start, and are not. Never negative. */
  overdue(offsetMs: number): number {
    return Math.max(0, plannedEvents(this.#context.plan, this.schedule, offsetMs) - this.#received);
  }

  /** Leaves at the end of the load. */
  close(): void {
    this.#stream?.close("drained");
  }

  onFirstConnected(): void {
    void this.#untilClosed(async () => {
      await this.#requests.background(this.schedule.background[2]);
      // A pipeline that never started has no terminal event to wait for.
      if (!(await this.#requests.start())) this.#settle();
    });
  }

  onEvent(
    name: string,
    id: string | undefined,
    connection: number,
    atMs: number,
    data: () => unknown,
    sentMs?: number,
  ): void {
    const terminal = TERMINAL_EVENT_TYPES.has(name);
    const eventId = readEventId(id);
    if (eventId === undefined) this.#recordStray(name, connection, atMs);
    else
      this.#recordReceived(eventId, { terminal, connection, atMs, ...(sentMs !== undefined && { sentMs }) });
    if (name === "pipeline_gate") this.#onGate(data());
    if (!terminal) return;
    this.#stream?.close("finished");
    this.#settle();
  }

  onGivenUp(): void {
    this.#settle();
  }

  #realtimeStream(created: SessionCreated): RealtimeStream {
    return new RealtimeStream({
      created,
      openChannel: this.#context.openChannel,
      fetchToken: () => this.#requests.token(),
      fetchLog: (after) => this.#requests.log(after),
      record: new StreamRecord(this.#context, this.schedule.session),
      owner: this,
      nowMs,
    });
  }

  #recordReceived(
    { epoch, seq }: EventId,
    how: Pick<ReceivedObservation, "terminal" | "connection" | "atMs" | "sentMs">,
  ): void {
    this.#received++;
    this.#context.counters.received++;
    const { session } = this.schedule;
    this.#context.recorder.recordReceived({ session, epoch, seq, ...how });
  }

  /** Neither of a run nor a control event: those do not come here. */
  #recordStray(name: string, connection: number, atMs: number): void {
    const { session } = this.schedule;
    this.#context.recorder.record({ type: "stray", session, connection, name, atMs });
  }

  /** A replay may show a gate again; it is answered once. */
  #onGate(data: unknown): void {
    const event = gateEvent.safeParse(data);
    if (!event.success) return;
    const { gate } = event.data.payload;
    this.#gates ??= new Set();
    if (this.#gates.has(gate)) return;
    this.#gates.add(gate);
    void this.#untilClosed(() => this.#requests.answerGate(gate));
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#onSettled(this);
  }

  /** The end of the load interrupts every wait; that is no failure. */
  async #untilClosed(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#context.signal.aborted) throw error;
    }
  }
}
