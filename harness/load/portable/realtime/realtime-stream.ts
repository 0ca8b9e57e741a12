import { limitIn } from "../../../../common/portable/realtime/limit-texts.ts";
import type {
  PipelineSSEEvent,
  ResumeStatus,
  SessionCreated,
} from "../../../../server/src/contract/events.ts";
import type { OwnedStream, StreamOwner } from "../session/stream-owner.ts";
import type { StreamRecord } from "../session/stream-record.ts";
import type { ChannelDown } from "./channel.ts";
import {
  SessionSubscription,
  type SubscriptionEvents,
  type SubscriptionOptions,
} from "./session-subscription.ts";

export interface RealtimeStreamOptions extends Pick<
  SubscriptionOptions,
  "openChannel" | "fetchToken" | "fetchLog" | "nowMs"
> {
  created: SessionCreated;
  record: StreamRecord;
  owner: StreamOwner;
}

const TOO_MANY_REQUESTS = 429;

/**
 * A stream that is the session's private channel on Supabase Realtime, as a page follows it with
 * realtime-js: a lost or refused connection comes back by itself, a channel that the server ended
 * for a limit of the project does not. Then this client model gives up too: the end is followed by
 * a `connect-failed` that is fatal, although no attempt was made.
 *
 * An event's `received` is written when the adaptation layer hands it on, so what was held for an
 * earlier one is late.
 */
export class RealtimeStream implements OwnedStream, SubscriptionEvents {
  readonly #options: RealtimeStreamOptions;
  readonly #record: StreamRecord;
  #subscription: SessionSubscription | undefined;
  #closed = false;
  /**
   * When the current connection was confirmed, so long as nothing is known of what became of the
   * gap before it.
   */
  #unresumedMs: number | undefined;
  #atMs = 0;

  constructor(options: RealtimeStreamOptions) {
    this.#options = options;
    this.#record = options.record;
  }

  open(): void {
    const { created, openChannel, fetchToken, fetchLog, nowMs } = this.#options;
    const { realtime } = created;
    if (realtime === undefined) {
      const reason =
        "the created session has no realtime access: is FF_SUPABASE_SSE_BROADCAST true on " +
        "every instance?";
      this.onDown({ reason, status: 0, ended: false, over: true });
      return;
    }
    this.#record.attempting(nowMs());
    const session = { ...created, realtime };
    this.#subscription = new SessionSubscription(
      { session, openChannel, fetchToken, fetchLog, nowMs },
      this,
    );
  }

  close(reason: "finished" | "drained"): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#subscription?.close();
    if (!this.#record.isUp) return;
    this.#recordConnected("unsupported");
    this.#record.disconnected({
      reason,
      atMs: reason === "finished" ? this.#atMs : this.#options.nowMs(),
    });
  }

  onSubscribed(): void {
    this.#unresumedMs = this.#options.nowMs();
    this.#record.up();
    if (this.#record.connection === 1) {
      this.#recordConnected("none");
      this.#options.owner.onFirstConnected();
    } else if (this.#options.created.realtime?.catchUp !== true)
      this.#recordConnected("unsupported");
  }

  onResumed(status: ResumeStatus): void {
    this.#recordConnected(status);
  }

  onEvent(event: PipelineSSEEvent, sentMs: number | undefined): void {
    if (this.#closed) return;
    this.#atMs = this.#options.nowMs();
    const id = `${event.epoch}-${event.seq}`;
    const data = { text: () => JSON.stringify(event), json: () => event };
    // What was held, or asked for, comes on while the channel is down.
    const { connection, isUp } = this.#record;
    const confirmed = isUp ? connection : Math.max(1, connection - 1);
    this.#options.owner.onEvent(event.type, id, confirmed, this.#atMs, data, sentMs);
  }

  onDown({ reason, status, ended, over }: ChannelDown & { over: boolean }): void {
    if (this.#closed) return;
    const atMs = this.#options.nowMs();
    const quota = status === TOO_MANY_REQUESTS || limitIn("subscriber", reason) !== undefined;
    const wasUp = this.#record.isUp;
    if (wasUp) {
      // The log was not heard in time.
      this.#recordConnected("unsupported");
      const how = quota ? "quota" : ended ? "ended" : "error";
      this.#record.disconnected({ reason: how, detail: reason, atMs });
    }
    if (!wasUp || over)
      this.#record.failed({ status, reason, ...(quota && { quota }), fatal: over, atMs });
    if (!over) return;
    this.#closed = true;
    this.#options.owner.onGivenUp();
  }

  #recordConnected(resume: ResumeStatus): void {
    const atMs = this.#unresumedMs;
    if (atMs === undefined) return;
    this.#unresumedMs = undefined;
    this.#record.connected({ subscribedMs: atMs, resume, atMs });
  }
}
