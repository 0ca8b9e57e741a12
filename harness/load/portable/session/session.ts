import {
  REPLAY_GAP_EVENT,
  TERMINAL_EVENT_TYPES,
  type PipelineStarted,
  type SessionCreated,
} from "../../../../server/src/contract/events.ts";
import type {
  GateObservation,
  ReceivedObservation,
  ReplayGapObservation,
  RequestObservation,
  StrayObservation,
} from "../../../history/observation.ts";
import type { EngineLimits } from "../engine-limits.ts";
import { readEventId } from "../../../../common/portable/event-id.ts";
import type { LoadPlan } from "../load-plan.ts";
import type { SessionSchedule } from "../load-schedule.ts";
import { gateOf, readReplayGap } from "./read-answers.ts";
import { SessionRequests, type RequestContext } from "./session-requests.ts";
import type { Steps } from "./session-steps.ts";
import type { OwnedStream, StreamOwner } from "./stream-owner.ts";

/**
 * One page of one person: creates a session, opens its stream, starts the pipeline once the stream
 * is confirmed, answers gates, and leaves after the terminal event. An engine extends it with a
 * clock, a transport and a recorder.
 */
export abstract class Session implements StreamOwner, RequestContext {
  readonly plan: LoadPlan;
  readonly schedule: SessionSchedule;
  readonly limits: EngineLimits;
  protected readonly requests: SessionRequests;
  #stream: OwnedStream | undefined;
  /** Gates seen, created at the first: most sessions never see one. */
  #gates: Set<string> | undefined;

  constructor(plan: LoadPlan, schedule: SessionSchedule, limits: EngineLimits) {
    this.plan = plan;
    this.schedule = schedule;
    this.limits = limits;
    this.requests = new SessionRequests(this);
  }

  abstract get isOver(): boolean;
  abstract get isDraining(): boolean;
  abstract nowMs(): number;
  abstract record(
    observation: RequestObservation | GateObservation | StrayObservation | ReplayGapObservation,
  ): void;
  protected abstract recordReceived(event: Omit<ReceivedObservation, "type">): void;
  /** The stream of the plan's client model, not yet open. */
  protected abstract createStream(created: SessionCreated): OwnedStream;
  /** Begins steps that nothing waits for. */
  protected abstract begin(steps: Steps<void>): void;
  /** Nothing more comes of the session: it failed, or its terminal event was seen. */
  protected abstract onOver(): void;

  onStarted?(started: PipelineStarted): void;
  /** A pipeline that never starts has no terminal event; its stream stays open. */
  protected onNotStarted?(): void;
  /**
   * An event that the history counts has arrived.
   * @param data as for {@link StreamOwner.onEvent}
   */
  protected onCounted?(data: () => unknown): void;
  /** A gate was seen for the first time. */
  protected onGateOffered?(gate: string): void;

  /** Leaves at the end of the load. */
  close(): void {
    this.#stream?.close("drained");
  }

  /** Everything before the stream. {@link follow} takes what it returns. */
  protected *arrival(): Steps<SessionCreated | undefined> {
    const { background } = this.schedule;
    yield* this.requests.background(background[0]);
    const created = yield* this.requests.create();
    if (created !== undefined) yield* this.requests.background(background[1]);
    return created;
  }

  /** Opens the stream; the rest follows from what it reports. */
  protected follow(created: SessionCreated | undefined): void {
    if (created === undefined || this.isOver) {
      this.onOver();
      return;
    }
    this.#stream = this.createStream(created);
    this.#stream.open();
  }

  onFirstConnected(): void {
    this.begin(this.#start());
  }

  onEvent(
    name: string,
    id: string | undefined,
    connection: number,
    atMs: number,
    data: () => unknown,
    sentMs?: number,
  ): void {
    const { session } = this.schedule;
    if (name === REPLAY_GAP_EVENT) {
      const reason = readReplayGap(data()) ?? "malformed";
      this.record({ type: "replay-gap", session, connection, reason, atMs });
      return;
    }
    const terminal = TERMINAL_EVENT_TYPES.has(name);
    const eventId = readEventId(id);
    if (eventId === undefined) this.record({ type: "stray", session, connection, name, atMs });
    else {
      const { epoch, seq } = eventId;
      this.recordReceived(
        sentMs === undefined
          ? { session, connection, epoch, seq, terminal, atMs }
          : { session, connection, epoch, seq, terminal, sentMs, atMs },
      );
      this.onCounted?.(data);
    }
    if (name === "pipeline_gate") this.#onGate(gateOf(data()));
    if (!terminal) return;
    this.#stream?.close("finished");
    this.onOver();
  }

  onGivenUp(): void {
    this.onOver();
  }

  *#start(): Steps<void> {
    yield* this.requests.background(this.schedule.background[2]);
    if (!(yield* this.requests.start())) this.onNotStarted?.();
  }

  /** A replay may show a gate again; it is answered once. */
  #onGate(gate: string | undefined): void {
    if (gate === undefined) return;
    this.#gates = this.#gates ?? new Set();
    if (this.#gates.has(gate)) return;
    this.#gates.add(gate);
    this.onGateOffered?.(gate);
    this.begin(this.requests.answerGate(gate));
  }
}
