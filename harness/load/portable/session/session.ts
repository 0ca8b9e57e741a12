import type { PipelineStarted } from "../../../../server/src/contract/events.ts";
import type {
  GateObservation,
  MisfitObservation,
  ReceivedObservation,
  ReplayGapObservation,
  RequestObservation,
  StrayObservation,
  TerminalObservation,
} from "../../../history/observation.ts";
import type { EngineLimits } from "../engine-limits.ts";
import type { LoadPlan } from "../load-plan.ts";
import type { SessionSchedule } from "../load-schedule.ts";
import type { BegunSession } from "../service/begin-session.ts";
import type { EventData, EventReader } from "../service/event-reader.ts";
import { textAt } from "../service/json-pointer.ts";
import type { Misfit } from "./event-fit.ts";
import { ForeignEvents } from "./foreign-events.ts";
import { SessionRequests, type RequestContext } from "./session-requests.ts";
import type { Steps } from "./session-steps.ts";
import type { OwnedStream, StreamOwner } from "./stream-owner.ts";

type Recorded =
  | RequestObservation
  | GateObservation
  | StrayObservation
  | MisfitObservation
  | TerminalObservation
  | ReplayGapObservation;

/**
 * One page of one person: begins a session, opens its stream, starts the pipeline once the stream
 * is confirmed, answers gates, and leaves after the terminal event, all as the service file says.
 * An engine extends it with a clock, a transport and a recorder.
 */
export abstract class Session implements StreamOwner, RequestContext {
  readonly plan: LoadPlan;
  readonly schedule: SessionSchedule;
  readonly limits: EngineLimits;
  protected readonly requests: SessionRequests;
  readonly #reader: EventReader;
  readonly #foreign: ForeignEvents | undefined;
  #stream: OwnedStream | undefined;
  /** Gates seen, created at the first: most sessions never see one. */
  #gates: Set<string> | undefined;

  /** @param wallOffsetMs what to add to the service's wall clock to get the engine's clock */
  constructor(
    plan: LoadPlan,
    schedule: SessionSchedule,
    limits: EngineLimits,
    reader: EventReader,
    wallOffsetMs: number,
  ) {
    this.plan = plan;
    this.schedule = schedule;
    this.limits = limits;
    this.requests = new SessionRequests(this);
    this.#reader = reader;
    if (plan.ledger) return;
    this.#foreign = new ForeignEvents(plan, schedule, reader, wallOffsetMs, {
      recordReceived: (event) => this.recordReceived(event),
      recordTerminal: (connection, atMs) => this.#recordTerminal(connection, atMs),
      recordMisfit: (misfit, atMs) => this.#recordMisfit(misfit, atMs),
    });
  }

  abstract get isOver(): boolean;
  abstract get isDraining(): boolean;
  abstract nowMs(): number;
  abstract record(observation: Recorded): void;
  protected abstract recordReceived(event: Omit<ReceivedObservation, "type">): void;
  /** The stream of the plan's client model, not yet open. */
  protected abstract createStream(begun: BegunSession): OwnedStream;
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
  protected onCounted?(data: EventData): void;
  /** A gate was seen for the first time. */
  protected onGateOffered?(gate: string): void;

  /** Leaves at the end of the load. */
  close(): void {
    this.#stream?.close("drained");
  }

  /** Everything before the stream. {@link follow} takes what it returns. */
  protected *arrival(): Steps<BegunSession | undefined> {
    const { background } = this.schedule;
    yield* this.requests.background(background[0]);
    const begun = yield* this.requests.create();
    if (begun !== undefined) yield* this.requests.background(background[1]);
    return begun;
  }

  /** Opens the stream; the rest follows from what it reports. */
  protected follow(begun: BegunSession | undefined): void {
    if (begun === undefined || this.isOver) {
      this.onOver();
      return;
    }
    this.#stream = this.createStream(begun);
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
    data: EventData,
    sentMs?: number,
  ): void {
    const { session } = this.schedule;
    const reader = this.#reader;
    if (name === reader.gapName) {
      this.#onReplayGap(data, connection, atMs);
      return;
    }
    const number = reader.numberOf(id, data, connection);
    let ends = reader.endsRun(name, data);
    if (this.#foreign !== undefined)
      ends = this.#foreign.onEvent({ name, number, ends, data, connection, atMs });
    else if (number === undefined) this.record({ type: "stray", session, connection, name, atMs });
    else {
      const { epoch, seq } = number;
      this.recordReceived(
        sentMs === undefined
          ? { session, connection, epoch, seq, terminal: ends, atMs }
          : { session, connection, epoch, seq, terminal: ends, sentMs, atMs },
      );
      this.onCounted?.(data);
    }
    if (name === reader.gateName) this.#onGateEvent(data);
    if (!ends) return;
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

  #onGateEvent(data: EventData): void {
    const pointer = this.plan.service.gate?.gate;
    if (pointer !== undefined) this.#onGate(textAt(data.json(), pointer));
  }

  #onReplayGap(data: EventData, connection: number, atMs: number): void {
    const pointer = this.plan.service.stream.gap?.reason;
    const stated = pointer === undefined ? "unknown" : textAt(data.json(), pointer);
    const { session } = this.schedule;
    this.record({ type: "replay-gap", session, connection, reason: stated ?? "malformed", atMs });
  }

  #recordTerminal(connection: number, atMs: number): void {
    this.record({ type: "terminal", session: this.schedule.session, connection, atMs });
  }

  #recordMisfit({ key, message }: Misfit, atMs: number): void {
    this.record({ type: "misfit", session: this.schedule.session, key, message, atMs });
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
