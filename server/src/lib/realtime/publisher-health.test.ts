import { beforeEach, expect, test } from "vitest";
import { QueuedEvent } from "./queued-event.ts";
import { PublisherHealth } from "./publisher-health.ts";

let told: string[];
let state: PublisherHealth;
beforeEach(() => {
  told = [];
  state = new PublisherHealth((to, reason) =>
    told.push(reason === undefined ? to : `${to}: ${reason}`),
  );
});

const [first, second, later] = [1, 2, 3].map(
  (seq) =>
    new QueuedEvent({
      type: "section_draft",
      sessionId: "s1",
      epoch: "abc",
      seq,
      total: 3,
      instance: "server-1",
      intendedMs: 1,
      publishedMs: 1,
      payload: {},
    }),
) as [QueuedEvent, QueuedEvent, QueuedEvent];

test("tells of changes only", () => {
  state.reached();
  state.reached();
  state.down("ECONNREFUSED");
  state.down("ECONNRESET");
  state.reached();
  expect(told).toEqual(["up", "down: ECONNREFUSED", "up"]);
});

test("a refusal that nobody can wait out is told although it was down before, each once", () => {
  state.down("ECONNREFUSED");
  state.rejected("wrong key");
  state.rejected("wrong key");
  expect(told).toEqual(["down: ECONNREFUSED", "down: wrong key"]);
});

test("a limit ends when all events that it delayed are gone", () => {
  state.limited([first, second]);
  state.reached();
  state.gone([first]);
  expect(told).toEqual(["limited"]);
  state.limited([second, later]);
  state.gone([second]);
  expect(state.isLimited).toBe(true);
  state.gone([later]);
  expect(told).toEqual(["limited", "up"]);
  expect(state.isLimited).toBe(false);
});

test("a limit that holds nothing up is none", () => {
  state.reached();
  state.limited([]);
  expect(told).toEqual(["up"]);
});

test("an outage ends a limit: what waits then waits for the broker", () => {
  state.limited([first]);
  state.down("ECONNRESET");
  state.reached();
  state.gone([first]);
  expect(told).toEqual(["limited", "down: ECONNRESET", "up"]);
});
