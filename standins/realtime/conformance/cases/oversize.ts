/** Messages over the limit of every plan. */
import type { ConformanceCase, HttpStep, Step } from "../conformance-case.ts";
import { oneOf } from "../pattern.ts";
import { runSteps } from "../run-steps.ts";
import type { World } from "../world.ts";
import { batch, marker, WRAPPED } from "./published.ts";

export const oversizeCases: readonly ConformanceCase[] = [
  {
    id: "broadcast-oversize-ack",
    section: "§1.6",
    title: "with ack an oversize broadcast is answered with payload_size_exceeded, and reaches nobody",
    settles: true,
    run: async (world) => {
      const error = oneOf("payload_size_exceeded", { error: "payload_size_exceeded" });
      const topic = `realtime:${world.topic}`;
      const a = await world.open("a", "2.0.0");
      await world.open("b", "2.0.0");
      for (const name of ["a", "b"]) await join(world, name, { ack: true });
      a.send(JSON.stringify(["1", "2", topic, "broadcast", { ...WRAPPED, payload: { text: oversize() } }]));
      await world.expectText("a", ["1", "2", topic, "phx_reply", { status: "error", response: error }]);
      await runSteps(marker("b"), world);
    },
  },
  {
    id: "broadcast-oversize",
    section: "§1.6",
    title: "without ack an oversize broadcast is dropped without a word",
    run: async (world) => {
      const topic = `realtime:${world.topic}`;
      const a = await world.open("a", "2.0.0");
      await world.open("b", "2.0.0");
      for (const name of ["a", "b"]) await join(world, name, {});
      a.send(JSON.stringify(["1", "2", topic, "broadcast", { ...WRAPPED, payload: { text: oversize() } }]));
      a.send(JSON.stringify(["1", "3", topic, "broadcast", WRAPPED]));
      await world.expectText("b", [null, null, topic, "broadcast", WRAPPED]);
      await runSteps([{ quiet: "a" }], world);
    },
  },
  {
    id: "http-oversize",
    section: "§2",
    title: "an oversize message is refused by HTTP with 422, and the whole batch with it",
    run: async (world) => {
      await world.open("a", "2.0.0");
      await join(world, "a", {});
      const refused: Step = {
        ...(batch(
          { event: "tick", payload: {} },
          { event: "tick", payload: { text: oversize() } },
        ) as HttpStep),
        status: 422,
        answers: { errors: { messages: [{}, { payload: ["Payload size exceeds tenant limit"] }] } },
      };
      await runSteps([refused, ...marker("a")], world);
    },
  },
];

/** Over every plan's limit (3,000 kB), under the largest frame (5,000,000 bytes) and body (8 MB). */
function oversize(): string {
  return "x".repeat(4_000_000);
}

const join = (world: World, name: string, broadcast: { ack?: boolean }): Promise<void> =>
  runSteps([{ join: name, broadcast }], world);
