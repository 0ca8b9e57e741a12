import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../../standins/realtime/server/test-support/start-stand-in.ts";
import { spawnServer } from "../test-support/child-server.ts";
import { freePort, startValkey, type TestValkey } from "../test-support/valkey.ts";
import type { SessionCreated } from "./contract/events.ts";

const SECRETS = {
  session: "canary-session-secret-0123456789abcdef",
  redis: "canary%redis/password",
  key: "canary-service-key.header.signature",
  jwt: "canary-jwt-secret-0123456789abcdefghijk",
};
const PASSWORD = encodeURIComponent(SECRETS.redis);

let valkey: TestValkey;
let realtime: TestStandIn;
beforeAll(async () => {
  [valkey, realtime] = await Promise.all([startValkey(), startStandIn()]);
  await valkey.command("ACL", "SETUSER", "lab", "on", `>${SECRETS.redis}`, "~*", "&*", "+@all");
});
afterAll(async () => Promise.all([valkey.stop(), realtime.stop()]));

const redisUrl = (password: string, port = valkey.port): string =>
  `redis://lab:${password}@127.0.0.1:${port}`;
const pubsub = { FF_REDIS_SSE_BROADCAST: "true" };
const hosted = {
  FF_SUPABASE_SSE_BROADCAST: "true",
  FF_SSE_EVENT_LOG: "true",
  REALTIME_KEY: SECRETS.key,
  REALTIME_JWT_SECRET: SECRETS.jwt,
};

test.each<[string, (port: number) => Record<string, string>]>([
  ["that works", () => ({ ...pubsub, REDIS_URL: redisUrl(PASSWORD) })],
  ["with a wrong password", () => ({ ...pubsub, REDIS_URL: redisUrl(`${PASSWORD}-wrong`) })],
  ["that nobody answers", (port) => ({ ...pubsub, REDIS_URL: redisUrl(PASSWORD, port) })],
  [
    "whose Realtime refuses the key",
    () => ({ ...hosted, REDIS_URL: redisUrl(PASSWORD), REALTIME_URL: realtime.url }),
  ],
  [
    "whose Realtime is away",
    (port) => ({
      ...hosted,
      REDIS_URL: redisUrl(PASSWORD, port),
      REALTIME_URL: `http://127.0.0.1:${port}/socket`,
    }),
  ],
])("a server %s shows no secret and no token", async (_what, environmentOf) => {
  const dir = await mkdtemp(join(tmpdir(), "sse-canary-"));
  const server = await spawnServer({
    ...environmentOf(await freePort()),
    SESSION_SECRET: SECRETS.session,
    LOG_LEVEL: "trace",
    LEDGER_DIR: dir,
  });
  try {
    const sessions: SessionCreated[] = [];
    for (let count = 0; count < 2; count++) sessions.push(await server.api.createSession());
    const [session, other] = sessions as [SessionCreated, SessionCreated];
    const path = `${server.url}/api/sessions/${session.sessionId}`;
    const stream = await server.api.connect(session);
    await server.api.start(session, { events: 10, eventsPerSecond: 50 });
    await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
    // A cut in the middle, and requests that fail with a token in them.
    await valkey.command("CLIENT", "KILL", "TYPE", "normal");
    await server.api.post(session, "messages", { text: "after the cut" });
    const answers = await Promise.all([
      fetch(`${path}/events?token=${other.token}`),
      fetch(`${path}/log?token=${session.token}`),
      fetch(`${path}/nothing?token=${session.token}`),
      fetch(`${server.url}/metrics`),
      fetch(`${server.url}/readyz`),
    ]);
    const shown = await Promise.all(answers.map(async (answer) => answer.text()));
    stream.close();
    server.process.kill("SIGTERM");
    await server.exited;
    const files = await readdir(dir);
    const ledgers = await Promise.all(files.map(async (name) => readFile(join(dir, name), "utf8")));
    const everything = [server.output(), ...shown, ...ledgers].join("\n");
    expect(everything).toContain('"kind":"published"');
    const tokens = sessions.flatMap(({ token, realtime: access }) => [
      token,
      access?.token ?? token,
    ]);
    for (const secret of [...Object.values(SECRETS), PASSWORD, ...tokens]) {
      expect(everything).not.toContain(secret);
      expect(everything).not.toContain(Buffer.from(secret).toString("base64url"));
    }
    expect(everything).not.toMatch(/canary/i);
  } finally {
    server.process.kill("SIGKILL");
    await rm(dir, { recursive: true });
  }
});
