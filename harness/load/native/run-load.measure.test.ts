import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { smallPlan } from "../test-support/load-plan.ts";
import { ofType, readHistory } from "../test-support/read-history.ts";
import { startServer, type StartedServer } from "../test-support/start-server.ts";
import { runLoad } from "./run-load.ts";

let server: StartedServer;
let historyDir: string;
beforeAll(async () => void (server = await startServer()));
afterAll(() => server.stop());
beforeEach(async () => void (historyDir = await mkdtemp(join(tmpdir(), "load-test-"))));
afterEach(() => rm(historyDir, { recursive: true }));

test.each(["retrying", "eventsource"] as const)(
  "every planned event of 50 sessions arrives once from the real server, with the %s client",
  async (client) => {
    const phases: string[] = [];
    const plan = smallPlan(server.url, {
      client,
      sessions: 50,
      eventsPerSecond: 10,
      durationS: 2,
      rampS: 1,
      gates: 2,
    });
    const result = await runLoad(plan, { historyDir, onPhase: (phase) => phases.push(phase) });
    const history = await readHistory(result.segments);

    const planned = ofType(history, "planned");
    expect(planned).toHaveLength(50);
    const received = ofType(history, "received");
    for (const { session, events } of planned) {
      const seqs = received.filter((one) => one.session === session).map((one) => one.seq);
      expect(seqs).toEqual(Array.from({ length: events }, (_, i) => i + 1));
    }
    expect(result.received).toBe(received.length);
    expect(received.filter((one) => one.terminal)).toHaveLength(50);
    expect(ofType(history, "disconnected").map((one) => one.reason)).toEqual(
      Array(50).fill("finished"),
    );
    expect(ofType(history, "gate").map((one) => one.status)).toEqual(Array(100).fill(202));
    const sessionIds = ofType(history, "request").flatMap((one) => one.sessionId ?? []);
    expect(new Set(sessionIds).size).toBe(50);
    expect(phases).toEqual(["load-started", "loaded", "drain-started", "drain-ended"]);
    expect(ofType(history, "engine")).toEqual([result.engine]);
  },
);
