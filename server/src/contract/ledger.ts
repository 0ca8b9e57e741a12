/**
 * The ledger: what one process of an instance really did, one JSON object a line, appended with one write(2) each
 * before the effect is visible, so that it survives the process's own SIGKILL. It is the ground truth that tells
 * "lost on the way" from "never produced". All times: milliseconds on CLOCK_MONOTONIC.
 *
 * A file whose last line does not parse is torn: from there on (a full disk) the process wrote nothing of what it did.
 *
 * File name: `<instance>.<pid>.ndjson` in the folder `LEDGER_DIR`; a restarted instance writes a new file. Where its pid is the one
 * of an earlier process (in containers it always is), `<instance>.<pid>-2.ndjson` and so on.
 */

/**
 * How an event left the instance. `local`: to this instance's own clients only, as configured; `broker`: handed to the
 * broker as well (with Supabase Realtime: to the queue that is sent to it); `fallback`: a broker is configured but away, so local only.
 */
export type DeliveryRoute = "local" | "broker" | "fallback";

/**
 * Why an event that was published never went out to the broker. `quota`: the broker refused it, or all that was before it in the queue, for
 * a limit; `outage`: the broker was away until the queue was full, or the instance had to go; `refused`: the broker refused this very message.
 */
export type DropReason = "quota" | "outage" | "refused";

/** `limited`: the broker is there, but refuses what it is sent for a limit; what is published waits until it takes all of it again (`up`). */
export type BrokerState = "up" | "down" | "limited";

export type LedgerRecord =
  | { kind: "boot"; instance: string; pid: number; broadcaster: string; atMs: number }
  | { kind: "broker"; state: BrokerState; atMs: number; reason?: string }
  | {
      kind: "published";
      sessionId: string;
      epoch: string;
      seq: number;
      event: string;
      intendedMs: number;
      atMs: number;
      route: DeliveryRoute;
    }
  /** Follows the event's own `published`. */
  | {
      kind: "dropped";
      sessionId: string;
      epoch: string;
      seq: number;
      reason: DropReason;
      atMs: number;
    }
  | {
      kind: "pipeline";
      sessionId: string;
      epoch: string;
      state: "started" | "completed" | "aborted";
      total: number;
      atMs: number;
      reason?: string;
    }
  /** `offered`: the pipeline published the gate and waits; `reached`: the answer arrived at the pipeline. */
  | {
      kind: "gate";
      sessionId: string;
      epoch: string;
      gate: string;
      state: "offered" | "reached";
      atMs: number;
    }
  | { kind: "drain"; state: "started" | "ended"; atMs: number };
