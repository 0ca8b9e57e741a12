/**
 * The ledger: what one process of an instance did, one JSON object per line. Each line is appended
 * with one write(2) before its effect is visible, so it survives a SIGKILL of the process. The
 * ledger tells "lost on the way" from "never produced". All times are milliseconds on
 * CLOCK_MONOTONIC.
 *
 * A file whose last line does not parse is torn: the process recorded nothing after it (full disk).
 *
 * The file is `<instance>.<pid>.ndjson` in the folder `LEDGER_DIR`. A restarted instance writes a
 * new file. If it has the pid of an earlier process, as in containers, the file is
 * `<instance>.<pid>-2.ndjson` and so on.
 */

/**
 * How an event left the instance. `local`: only to its own clients, as configured; `broker`: to the
 * broker too (with Supabase Realtime: into its queue); `fallback`: only to its own clients, because
 * the configured broker is down.
 */
export type DeliveryRoute = "local" | "broker" | "fallback";

/**
 * Why a published event never reached the broker. `quota`: a limit of the broker blocked it or the
 * queue before it; `outage`: the broker was down until the queue was full or the instance stopped;
 * `refused`: the broker refused this message; `fenced`: another instance had taken the pipeline
 * over, and publishes the event itself.
 */
export type DropReason = "quota" | "outage" | "refused" | "fenced";

/** `limited`: the broker enforces a limit; events wait until it has accepted all of them (`up`). */
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
  /** Follows the event's `published`. */
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
      /** `handed-over`: another instance continues it; `resumed`: this instance does. */
      state: "started" | "completed" | "aborted" | "handed-over" | "resumed";
      total: number;
      atMs: number;
      reason?: string;
    }
  /** `offered`: the pipeline published the gate and waits; `reached`: the answer arrived there. */
  | {
      kind: "gate";
      sessionId: string;
      epoch: string;
      gate: string;
      state: "offered" | "reached";
      atMs: number;
    }
  | { kind: "drain"; state: "started" | "ended"; atMs: number };
