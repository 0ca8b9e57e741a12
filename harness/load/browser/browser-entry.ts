import {
  TERMINAL_EVENT_TYPES,
  type EventLogPage,
  type GateResponse,
  type PipelineSSEEvent,
  type RealtimeToken,
  type SessionCreated,
} from "../../../server/src/contract/events.ts";
import { openRealtimeJsChannel, type RealtimeJsOptions } from "./realtime-js-channel.ts";
import { SessionSubscription } from "../portable/realtime/session-subscription.ts";

export interface FollowOptions extends RealtimeJsOptions {
  /** The answer of `POST /api/sessions`. */
  created: SessionCreated;
  /** Of the service, where the page is of another origin. */
  baseUrl?: string;
  /** Each event once, in order, up to the terminal one. */
  onEvent: (event: PipelineSSEEvent) => void;
  /** What an indicator on the page shows. `ended`: nothing will come any more. */
  onState?: (state: "live" | "away" | "ended") => void;
}

export interface FollowedSession {
  /** @throws Error with the HTTP status when the answer did not reach the pipeline */
  answerGate(gate: string, answer: string): Promise<void>;
  close(): void;
}

/**
 * What a page ships to follow its session over Supabase Realtime, where an EventSource and its
 * listeners would do over SSE: the official client, the adaptation layer, and the requests that
 * both need. Its size is a figure of the report.
 * @throws Error when the service does not publish over Realtime
 */
export const followSession = (options: FollowOptions): FollowedSession => {
  const { created, baseUrl = "", onEvent, onState, ...client } = options;
  const { sessionId, token, realtime } = created;
  if (realtime === undefined) throw new Error("the created session has no realtime access");
  const path = `${baseUrl}/api/sessions/${encodeURIComponent(sessionId)}`;
  const headers = {
    authorization: `Bearer ${token}`,
    "x-session-id": sessionId,
    "content-type": "application/json",
  };
  const request = async (what: string, method = "GET", body?: string): Promise<unknown> => {
    const answer = await fetch(`${path}/${what}`, { method, headers, ...(body && { body }) });
    if (!answer.ok) throw new Error(`${what}: HTTP status ${answer.status}`);
    return answer.json();
  };

  const subscription = new SessionSubscription(
    {
      session: { ...created, realtime },
      openChannel: openRealtimeJsChannel(client),
      fetchToken: async () => (await request("realtime-token", "POST")) as RealtimeToken,
      fetchLog: async (after) =>
        (await request(after ? `log?after=${after}` : "log")) as EventLogPage,
      nowMs: () => performance.now(),
    },
    {
      onSubscribed: () => onState?.("live"),
      onResumed: () => {},
      onDown: ({ over }) => onState?.(over ? "ended" : "away"),
      onEvent: (event) => {
        onEvent(event);
        if (!TERMINAL_EVENT_TYPES.has(event.type)) return;
        subscription.close();
        onState?.("ended");
      },
    },
  );
  return {
    answerGate: async (gate, answer) => {
      await request(
        "pipeline/gate",
        "POST",
        JSON.stringify({ gate, answer } satisfies GateResponse),
      );
    },
    close: () => subscription.close(),
  };
};
