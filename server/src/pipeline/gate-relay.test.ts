import fc from "fast-check";
import { pino } from "pino";
import { expect, test } from "vitest";
import { parseJson } from "../../../common/portable/parse-json.ts";
import { fuzzing, nastyJson } from "../../../common/test-support/nasty-json.ts";
import type { GateResponse } from "../contract/events.ts";
import type { InstanceLink } from "../lib/instance-link.ts";
import { gateChannel, GateRelay } from "./gate-relay.ts";

/** Writes down what a relay says, and lets the test say what arrives. */
function relayed() {
  const handlers = new Map<string, (message: string) => void>();
  const asked: GateResponse[] = [];
  const said: string[] = [];
  const link: InstanceLink = {
    up: true,
    publish: (channel, message) => void said.push(`${channel} ${message}`),
    publishCounted: () => Promise.resolve(1),
    subscribe: (channel, handler) => void handlers.set(channel, handler),
    unsubscribe: () => undefined,
    ready: () => Promise.resolve(),
  };
  const relay = new GateRelay({
    link,
    origin: "o",
    answerHere: (_session, response) => {
      asked.push(response);
      return "taken";
    },
    logger: pino({ level: "silent" }),
  });
  relay.open("s");
  const arrive = (message: string): void => {
    for (const channel of [gateChannel("s"), "sse:gate-reply:o"]) handlers.get(channel)?.(message);
  };
  return { arrive, asked, said };
}

test("whatever arrives, a pipeline gets a whole answer or none", () => {
  const { arrive, asked, said } = relayed();
  const places = fc.constantFrom("whole", "id", "replyTo", "gate", "answer", "result", "more");
  fc.assert(
    fc.property(nastyJson, places, (value, place) => {
      asked.length = said.length = 0;
      const fields = { id: '"1"', replyTo: '"r"', gate: '"g"', answer: '"a"', [place]: value };
      const members = Object.entries(fields).map(([name, one]) => `"${name}":${one.toString()}`);
      const text = place === "whole" ? value.toString() : `{${members.join(",")}}`;
      arrive(text);
      const { id, replyTo, gate, answer } = (parseJson(text) ?? {}) as Record<string, unknown>;
      const isWhole = [id, replyTo, gate, answer].every((one) => typeof one === "string");
      expect(asked).toEqual(isWhole ? [{ gate, answer }] : []);
      const reply = (): string => `${String(replyTo)} ${JSON.stringify({ id, result: "taken" })}`;
      expect(said).toEqual(isWhole ? [reply()] : []);
    }),
    fuzzing(1000),
  );
});
