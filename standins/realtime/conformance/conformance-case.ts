/** A case is data that cites a section of docs/realtime-protocol.md. */
import type { BinaryPush, Message, Vsn } from "./frames.ts";
import type { Pattern } from "./pattern.ts";
import type { TenantSettings } from "./target.ts";
import type { TestContext } from "./test-context.ts";
import type { TokenSpec } from "./tokens.ts";

/**
 * - `bare`: the server itself. The gateway of a hosted project answers for bad keys and hides
 *   the tenants.
 * - `private`: the lab's policy.
 * - `tenants`: tenants with other limits can be made.
 * - `tenant-api`: the server has `/api/tenants`, which the stand-in does not.
 * - `slow`: a minute of waiting.
 */
export type Need = "bare" | "private" | "tenants" | "tenant-api" | "slow";

/**
 * Strings may contain placeholders: `<topic>` and `<session>` (of this case only), `<private>`
 * (`sse:session:<session>`), `<tenant>`, `<token:NAME>` (a token of the case, or of `TOKENS`).
 * The step that opens a connection names it.
 */
export type Step =
  | OpenStep
  | RefusedStep
  | JoinStep
  /** Sends a message in the format of the connection's version. */
  | { send: string; message: Message<unknown> }
  /** Sends a binary user broadcast of version 2. */
  | { send: string; push: BinaryPush }
  | { send: string; frame: string | Uint8Array }
  /** The next frame is this message, in exactly the shape of the connection's version. */
  | { receive: string; message: Message<Pattern>; withinMs?: number }
  /** The next frame is this JSON text. */
  | { receive: string; text: Pattern }
  /** The next frame is binary of kind 4. */
  | { receive: string; binary: { topic: string; event: string; payload: Pattern } }
  /** Nothing has arrived: the next frame is the reply to a heartbeat that is sent now. */
  | { quiet: string }
  | { closed: string; code: Pattern; withinMs?: number }
  | HttpStep;

export interface OpenStep {
  open: string;
  /** Default 2.0.0. */
  vsn?: Vsn;
  /** Name of a token. Default `service`. */
  token?: string;
}

/** A handshake that the server refuses. */
export interface RefusedStep {
  refused: {
    /** Null: no `apikey`. */
    apikey: string | null;
    /** Another tenant than the target's. */
    tenant?: string;
  };
  status: number;
  body: Pattern;
}

/** Joins, and expects exactly this reply. */
export interface JoinStep {
  join: string;
  /** Without `realtime:`. Default `<topic>`. */
  topic?: string;
  /** `ref` and `join_ref` of the join. Default `"1"`. */
  ref?: string;
  private?: boolean;
  broadcast?: { ack?: boolean; self?: boolean };
  /** Name of a token. Default: the connection's. */
  token?: string;
  /** Reason of a refusal. Without it, the join succeeds. */
  denied?: Pattern;
}

export interface HttpStep {
  http: "GET" | "POST";
  path: string;
  /** Name of a token, sent as `Authorization: Bearer`. Default `service`; null: none. */
  token?: string | null;
  json?: unknown;
  /** A body as text, sent as JSON. */
  text?: string;
  /** Another tenant than the case's. */
  tenant?: string;
  status: Pattern;
  /** The body, parsed if it is JSON; an empty body is `""`. */
  answers?: Pattern;
  headersMatch?: Readonly<Record<string, Pattern>>;
}

export interface ConformanceCase {
  id: string;
  /** Of docs/realtime-protocol.md. */
  section: `§${string}`;
  title: string;
  needs?: readonly Need[];
  /** True: the notes are not certain. Another outcome is reported as `differs`. */
  settles?: true;
  tokens?: Readonly<Record<string, TokenSpec>>;
  /** The case runs on its own tenant with these settings. */
  tenant?: TenantSettings;
  /** Steps, after which every connection has to be quiet; or a function. */
  run: readonly Step[] | ((context: TestContext) => Promise<void>);
}

export const vsnName = (vsn: Vsn): string => `v${vsn[0] ?? ""}`;
