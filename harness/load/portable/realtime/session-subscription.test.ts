import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RealtimeToken } from "../../../../server/src/contract/events.ts";
import { SessionSubscription } from "./session-subscription.ts";

const SERVER_MS = Date.UTC(2026, 0, 1);
const LIFE_S = 20;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Starts a page whose wall clock differs from the server's; counts its requests for tokens. */
function pageWithClock(skewMs: number): { requests: () => number; close: () => void } {
  vi.setSystemTime(SERVER_MS + skewMs);
  const serverMs = (): number => Date.now() - skewMs;
  const token = (): RealtimeToken => ({
    token: "t",
    expiresInS: LIFE_S,
    expiresAt: serverMs() + LIFE_S * 1000,
  });
  const fetchToken = vi.fn(async () => Promise.resolve(token()));
  const subscription = new SessionSubscription(
    {
      session: {
        sessionId: "s",
        epoch: "e",
        realtime: { url: "ws://h/socket", apikey: "k", topic: "t", catchUp: false, ...token() },
      },
      openChannel: () => ({ setToken: () => {}, reopen: () => {}, close: () => {} }),
      fetchToken,
      fetchLog: async () => Promise.resolve(undefined),
      nowMs: () => performance.now(),
    },
    { onSubscribed: () => {}, onEvent: () => {}, onResumed: () => {}, onDown: () => {} },
  );
  return { requests: () => fetchToken.mock.calls.length, close: () => subscription.close() };
}

test.each([0, 600_000, -10_000, -3_600_000])(
  "renews its token as often with a wall clock that is off by %i ms",
  async (skewMs) => {
    const page = pageWithClock(skewMs);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(page.requests()).toBe(3);
    page.close();
  },
);
