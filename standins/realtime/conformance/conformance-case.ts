/** What a case is: data that cites its section of docs/realtime-protocol.md. */
import type { BinaryPush, Message, Vsn } from "./frames.ts";
import type { Pattern } from "./pattern.ts";
import type { TokenSpec } from "./tokens.ts";
import type { TenantSettings } from "./target.ts";
import type { World } from "./world.ts";

/**
 * `bare`: the server itself, not the gateway of a hosted project, which answers for bad keys and hides the tenants.
 * `private`: the lab's policy. `tenants`: tenants can be made by `POST /api/tenants`. `slow`: a minute of waiting.
 */
export type Need = "bare" | "private" | "tenants" | "slow";

/**
 * Strings may name what a run gives: `<topic>` (of this case only), `<session>` (likewise), `<private>` (`sse:session:<session>`),
 * `<tenant>`, `<main>` (the target's tenant), `<token:NAME>` (a token of the case, or of `TOKENS`). A connection is named by the step that opens it.
 */
export type Step =
  | OpenStep
  | RefusedStep
  | JoinStep
  /** A message as the connection's version writes it. */
  | { send: string; message: Message<unknown> }
  /** Version 2's binary user broadcast. */
  | { send: string; push: BinaryPush }
  /** A frame that need not be well-formed. */
  | { send: string; frame: string | Uint8Array }
  /** The next frame, a message in exactly its version's shape. */
  | { receive: string; message: Message<Pattern>; withinMs?: number }
  /** The next frame, text in exactly this shape. */
  | { receive: string; text: Pattern }
  /** The next frame, binary kind 4. */
  | { receive: string; binary: { topic: string; event: string; encoding: "json" | "raw"; payload: Pattern } }
  /** Nothing came before: the next frame is the answer to a heartbeat that is sent now. */
  | { quiet: string }
  | { ping: string }
  | { closed: string; code: Pattern; withinMs?: number }
  | HttpStep;

export interface OpenStep {
  open: string;
  /** Default 2.0.0. Null: the query has none, and the server takes 1.0.0. */
  vsn?: string | null;
  /** Name of a token. Default `service`. */
  token?: string;
  headers?: Readonly<Record<string, string>>;
  offerDeflate?: true;
}

/** A handshake that the server refuses. */
export interface RefusedStep {
  refused: {
    vsn?: string;
    /** Value of `apikey`. Null: none. */
    apikey: string | null;
    headers?: Readonly<Record<string, string>>;
    /** Another tenant than the target's. */
    tenant?: string;
  };
  status: number;
  body: Pattern;
}

/** Joins, and expects the exact answer. */
export interface JoinStep {
  join: string;
  /** Without its `realtime:`. Default `<topic>`. */
  topic?: string;
  /** `ref` and `join_ref` of the join. Default `"1"`. */
  ref?: string;
  private?: boolean;
  broadcast?: { ack?: boolean; self?: boolean };
  /** Name of a token. Default: the connection's. */
  token?: string;
  /** Default: it is let in. Else the pattern of the reason. */
  denied?: Pattern;
}

export interface HttpStep {
  http: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  /** Name of a token, sent as `Authorization: Bearer`. Default `service`; null: none. */
  token?: string | null;
  headers?: Readonly<Record<string, string>>;
  json?: unknown;
  /** Instead of `json`: as it is. */
  body?: string | Uint8Array;
  /** Another tenant than the case's. */
  tenant?: string;
  status: Pattern;
  /** Parsed where it is JSON; an empty body is `""`. */
  answers?: Pattern;
  headersMatch?: Readonly<Record<string, Pattern>>;
}

export interface ConformanceCase {
  id: string;
  /** Of docs/realtime-protocol.md. */
  section: `§${string}`;
  title: string;
  needs?: readonly Need[];
  /** True: the notes are not sure of it. Another outcome is reported as `differs`, with what was seen. */
  settles?: true;
  tokens?: Readonly<Record<string, TokenSpec>>;
  /** The case runs on a tenant of its own with these settings. */
  tenant?: TenantSettings;
  /** Data, after which every connection has to be quiet. A function where data would be contrived. */
  run: readonly Step[] | ((world: World) => Promise<void>);
}

export const vsnName = (vsn: Vsn): string => `v${vsn[0] ?? ""}`;
