import { readEventId } from "../../../common/portable/event-id.ts";
import type { ClientModel } from "../../../harness/load/portable/load-plan.ts";
import type { SessionSchedule } from "../../../harness/load/portable/load-schedule.ts";
import { TERMINAL_EVENT_TYPES } from "../../../server/src/contract/events.ts";
import type { ScriptPlan } from "../plan/plan.ts";
import { readEvent, readGate } from "../../../harness/load/portable/session/read-answers.ts";
import { SessionRequests } from "./http-requests.ts";
import type { RunTimes } from "../plan/run-times.ts";
import type { SessionRecorder } from "../output/session-recorder.ts";
import { SseStream, type StreamEvent, type StreamPage } from "./k6-sse-stream.ts";

/** One person at one page, as the native engine's `Session`: from the arrival to the last event, or to the deadline. */
export class SessionPage implements StreamPage {
  readonly #plan: ScriptPlan;
  readonly #schedule: SessionSchedule;
  readonly #times: RunTimes;
  readonly #account: SessionRecorder;
  readonly #requests: SessionRequests;
  /** Gates seen. */
  readonly #gates = new Set<string>();

  constructor(plan: ScriptPlan, schedule: SessionSchedule, times: RunTimes, account: SessionRecorder) {
    this.#plan = plan;
    this.#schedule = schedule;
    this.#times = times;
    this.#account = account;
    this.#requests = new SessionRequests(plan.load, schedule, times, account);
  }

  /** Blocks the VU until nothing more comes of the session. */
  visit(): void {
    const { background } = this.#schedule;
    const { client } = this.#plan.load;
    if (client === "realtime") throw new Error("the realtime client follows no SSE stream");
    this.#requests.readClock();
    this.#requests.background(background[0]);
    if (this.#requests.create() === undefined) return;
    this.#requests.background(background[1]);
    this.#follow(client);
  }

  onFirstConnected(): void {
    this.#requests.background(this.#schedule.background[2]);
    // A pipeline that does not start has no last event: the stream is followed to the deadline, as the native engine does.
    this.#requests.start();
  }

  onEvent({ name, id, data, connection, atMs }: StreamEvent): boolean {
    const terminal = TERMINAL_EVENT_TYPES.has(name);
    const { session } = this.#account;
    const eventId = readEventId(id);
    if (eventId === undefined) this.#account.record({ type: "stray", session, connection, name, atMs });
    else {
      this.#account.record({
        type: "received",
        session,
        connection,
        ...eventId,
        ...(terminal ? { terminal } : {}),
        atMs,
      });
      const event = readEvent(data);
      if (event !== undefined) this.#account.published(event);
    }
    if (name === "pipeline_gate") this.#onGate(readGate(data));
    return terminal;
  }

  #follow(client: ClientModel): void {
    const { created } = this.#requests;
    if (created === undefined) return;
    const account = this.#account;
    new SseStream(this.#plan.load, client, this.#schedule, this.#times, created, account, this).follow();
  }

  /** A replay may show a gate again; it is answered once. Nothing is due while the pipeline waits at it, so the stream may wait too. */
  #onGate(gate: string | undefined): void {
    if (gate === undefined || this.#gates.has(gate)) return;
    this.#gates.add(gate);
    this.#account.gateOffered(gate);
    this.#requests.answerGate(gate);
  }
}
