/** A start that gets no answer is sent again, and the router chooses another instance. */
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { localPlatform } from "../platform/local/local-platform.ts";
import type { Platform } from "../platform/platform.ts";
import { compare, expectVerdict } from "./test-support/test-comparison.ts";

const START = /^\/api\/sessions\/([^/]+)\/pipeline$/;

/** A proxy that lets the first start of every session through, and loses the answer. */
async function losingAnswers(target: string) {
  const seen = new Set<string>();
  const pass = (asked: IncomingMessage, answer: ServerResponse): void => {
    const session = asked.method === "POST" ? START.exec(asked.url ?? "")?.[1] : undefined;
    const loses = session !== undefined && !seen.has(session);
    if (loses) seen.add(session);
    const { method, headers } = asked;
    const onward = request(new URL(asked.url ?? "", target), { method, headers }, (got) => {
      if (loses) {
        got.resume();
        answer.destroy();
        return;
      }
      answer.writeHead(got.statusCode ?? 502, got.headers);
      answer.flushHeaders();
      got.pipe(answer);
      got.on("error", () => answer.destroy());
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    asked.pipe(onward);
  };
  const server = createServer(pass);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const lost: Set<string>[] = [];
const platform: Platform = {
  ...localPlatform,
  up: async (options) => {
    const deployment = await localPlatform.up(options);
    const { server, url, seen } = await losingAnswers(deployment.url);
    lost.push(seen);
    const down = async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await deployment.down();
    };
    return { ...deployment, url, down };
  },
};

it("runs a pipeline twice where no owner is stored, says so, and never where one is", async (context) => {
  const topologies = ["phase2", "phase2-durable"];
  await using comparison = await compare(
    { topologies, bounces: ["crash"], sessions: 24, duration: 6, drain: 3 },
    platform,
  );
  expect(lost.map(({ size }) => size)).toEqual([24, 24]);
  const twice = comparison.run("phase2", "crash");
  expect(twice.duplicated).toBeGreaterThan(0);
  expect(twice.lostByCause.unexplained).toBe(0);
  expect(twice.reasons.join(" ")).toMatch(/started on two instances/);
  const once = comparison.run("phase2-durable", "crash");
  expect(once).toMatchObject({ lost: 0, duplicated: 0, neverPublished: 0, stuckStreams: 0 });
  expectVerdict(context, "valid", twice, once);
}, 180_000);
