import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../../../standins/realtime/server/test-support/start-stand-in.ts";
import type { PipelineSSEEvent, SessionCreated } from "../../../server/src/contract/events.ts";
import { followSession, type FollowedSession } from "./browser-entry.ts";
import { transport } from "../test-support/realtime/official-client.ts";
import { PageService } from "../test-support/realtime/page-service.ts";

const PATIENCE = { timeout: 15_000, interval: 20 };

let standIn: TestStandIn;
let service: PageService;
let created: SessionCreated;
let followed: FollowedSession | undefined;
let events: PipelineSSEEvent[];
let states: string[];
beforeEach(async () => {
  standIn = await startStandIn();
  service = await PageService.start({ realtime: standIn, total: 5, tokenTtlS: 60, catchUp: true });
  const answer = await fetch(`${service.url}/api/sessions`, { method: "POST" });
  created = (await answer.json()) as SessionCreated;
  events = [];
  states = [];
});
afterEach(async () => {
  followed?.close();
  await service.stop();
  await standIn.stop();
});

const follow = (): FollowedSession =>
  (followed = followSession({
    created,
    baseUrl: service.url,
    transport,
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
  }));
const seqs = (): number[] => events.map((event) => event.seq);

test("a page follows its session over an outage, answers its gate, and is done after the last event", async () => {
  const page = follow();
  await vi.waitFor(() => expect(states).toEqual(["live"]), PATIENCE);
  await service.publish(2, 1, 1);
  await vi.waitFor(() => expect(seqs()).toEqual([1, 2]), PATIENCE);
  await page.answerGate("g1", "approve");
  expect(service.gates).toEqual([{ sessionId: created.sessionId, gate: "g1", answer: "approve" }]);
  await standIn.kill();
  service.log(3, 4);
  await standIn.restart();
  await vi.waitFor(() => expect(seqs()).toEqual([1, 2, 3, 4]), PATIENCE);
  await service.publish(5);
  await vi.waitFor(() => expect(states).toEqual(["live", "away", "live", "ended"]), PATIENCE);
  expect(seqs()).toEqual([1, 2, 3, 4, 5]);
  expect(events[1]).toEqual(service.event(created.sessionId, 2));
});

test("a page of a service without Realtime is told so", () => {
  const { sessionId, token, epoch } = created;
  expect(() => followSession({ created: { sessionId, token, epoch }, onEvent: () => {} })).toThrow(
    /no realtime access/,
  );
});
