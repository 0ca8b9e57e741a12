import { ENGINE_LIMITS } from "../../../harness/load/portable/engine-limits.ts";
import type { BegunSession } from "../../../harness/load/portable/service/begin-session.ts";
import {
  EventReader,
  type EventData,
} from "../../../harness/load/portable/service/event-reader.ts";
import { readPublication } from "../../../harness/load/portable/session/read-answers.ts";
import { runStepsBlocking } from "../../../harness/load/portable/session/session-steps.ts";
import { Session } from "../../../harness/load/portable/session/session.ts";
import type { StreamLog } from "../../../harness/load/portable/session/stream-record.ts";
import type { ReceivedObservation } from "../../../harness/history/observation.ts";
import type { PipelineStarted } from "../../../server/src/contract/events.ts";
import { nowMs } from "../output/clock.ts";
import type { Observed, SessionRecorder } from "../output/session-recorder.ts";
import type { ScriptPlan } from "../plan/plan.ts";
import type { RunTimes } from "../plan/run-times.ts";
import type { HttpRequests } from "./http-requests.ts";
import type { ArrivedSession } from "./await-arrival.ts";

/** Names the clock of this host. */
const HOST = "host";

/** A session of a k6 VU. */
export abstract class K6Session<Requests extends HttpRequests> extends Session {
  protected readonly times: RunTimes;
  protected readonly recorder: SessionRecorder;
  protected readonly http: Requests;
  readonly #wallOffsetMs: number | undefined;

  constructor(
    { load, wallOffsetMs }: ScriptPlan,
    { schedule, times, recorder }: ArrivedSession,
    http: Requests,
  ) {
    super(load, schedule, ENGINE_LIMITS, new EventReader(load.service), nowMs() - Date.now());
    this.times = times;
    this.recorder = recorder;
    this.http = http;
    this.#wallOffsetMs = wallOffsetMs;
  }

  get isOver(): boolean {
    return nowMs() >= this.times.deadlineMs;
  }

  get isDraining(): boolean {
    return nowMs() >= this.times.drainMs;
  }

  nowMs(): number {
    return nowMs();
  }

  record(observed: Observed): void {
    this.recorder.record(observed);
  }

  override onStarted(started: PipelineStarted): void {
    this.recorder.started(started);
  }

  /** For the history of the session's stream. */
  protected get log(): StreamLog {
    return { recorder: this.recorder, counters: { up: 0, reconnects: 0 } };
  }

  /** Blocks the VU until the stream can be opened. */
  protected arrive(): BegunSession | undefined {
    this.#readClock();
    return runStepsBlocking(this.arrival(), (step) => this.http.perform(step));
  }

  protected recordReceived(event: Omit<ReceivedObservation, "type">): void {
    const { session, connection, epoch, seq, terminal, sentMs, publishedMs, total, atMs } = event;
    // A monotonic one is on another clock than this one.
    const isHere = this.plan.service.event.published?.clock !== "monotonic";
    this.recorder.record({
      type: "received",
      session,
      connection,
      epoch,
      seq,
      ...(terminal === true && { terminal }),
      ...(sentMs !== undefined && { sentMs }),
      ...(publishedMs !== undefined && isHere && { publishedMs }),
      ...(total !== undefined && { total }),
      atMs,
    });
  }

  /** A service that tells no clock lies on this host, whose wall clock the harness knows. */
  #readClock(): void {
    if (this.#wallOffsetMs === undefined || this.plan.service.background?.clock !== undefined) {
      this.http.readClock();
      return;
    }
    // The wall clock is up to a millisecond older than it says.
    const askedMs = nowMs() - 1;
    this.recorder.clock(HOST, askedMs, Date.now() + this.#wallOffsetMs, nowMs());
  }

  protected override onCounted(data: EventData): void {
    const event = readPublication(data.json());
    if (event !== undefined) this.recorder.published(event);
  }

  protected override onGateOffered(gate: string): void {
    this.recorder.gateOffered(gate);
  }
}
