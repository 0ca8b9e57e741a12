import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  batchOf,
  CARRIED_VALUES,
  fuzzingBatches,
  meaningOf,
  nastyJson,
  REFUSED_VALUES,
} from "../../../../common/test-support/nasty-json.ts";
import type { SessionCreated } from "../../contract/events.ts";
import type { TestStream } from "../../../test-support/api.ts";
import { accountOf, readLedgers } from "../../../test-support/realtime-environment.ts";
import { startTestServer, type TestServer } from "../../../test-support/test-server.ts";

const PATIENCE = { timeout: 15_000, interval: 1 };
/** Requests at once. */
const BATCH = 25;

let ledgerDir: string;
let server: TestServer;
let session: SessionCreated;
let stream: TestStream;
beforeAll(async () => {
  ledgerDir = await mkdtemp(join(tmpdir(), "sse-door-"));
  server = await startTestServer({ LEDGER_DIR: ledgerDir, MAX_STREAM_BUFFER_BYTES: "104857600" });
  session = await server.api.createSession();
  stream = await server.api.open(session);
  await vi.waitFor(() => expect(stream.messages).toHaveLength(1));
});
afterAll(async () => {
  stream.close();
  await server.stop();
  await rm(ledgerDir, { recursive: true });
});

/** Sends a body to a route of the session, byte by byte as given. */
async function send(
  path: string,
  body: string | Buffer,
  type = "application/json",
): Promise<Response> {
  return fetch(`${server.url}/api/sessions/${session.sessionId}/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${session.token}`, "content-type": type },
    body,
  });
}

const preferences = (value: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from('{"preferences":{"v":'), Buffer.from(value), Buffer.from("}}")]);

const detailOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { detail: string }).detail;

/** The value that {@link preferences} sent, as an event has it. */
function valueOf(data: string): string {
  const start = '"payload":{"preferences":{"v":';
  return data.slice(data.indexOf(start) + start.length, -"}}}".length);
}

test.each(Object.entries(REFUSED_VALUES))(
  "refuses %s, with nothing on record",
  async (_what, value) => {
    const before = accountOf(await readLedgers(ledgerDir)).published.length;
    const response = await send("workflow/preferences", preferences(value));
    expect(response.status).toBe(400);
    expect(await detailOf(response)).toMatch(/^The body (has|is) /);
    expect(accountOf(await readLedgers(ledgerDir)).published).toHaveLength(before);
  },
);

test.each(Object.entries(CARRIED_VALUES))("carries %s unchanged", async (_what, value) => {
  const { length } = stream.messages;
  expect((await send("workflow/preferences", preferences(value))).status).toBe(202);
  await vi.waitFor(() => expect(stream.messages).toHaveLength(length + 1));
  expect(meaningOf(valueOf(stream.messages.at(-1)?.data ?? ""))).toBe(meaningOf(value));
});

test.each([
  ["messages", '{"text":"cut here \\ud83d"}'],
  ["workflow/replan", '{"instruction":"cut here \\ud83d"}'],
  ["pipeline", '{"seed":9007199254740993}'],
  ["pipeline/gate", '{"gate":"a","gate":"b","answer":""}'],
  ["realtime-token", '{"__proto__":1}'],
])("the route %s has the same check", async (path, body) => {
  const response = await send(path, body);
  // Without Realtime, its route is absent; the check comes first.
  expect(response.status).toBe(400);
  expect(await detailOf(response)).toMatch(/^The body has /);
});

test("names the limit that a body exceeds", async () => {
  const deep = await send("workflow/preferences", preferences("[".repeat(101) + "]".repeat(101)));
  expect(await detailOf(deep)).toContain("deeper than 100 levels");
  const large = await send("messages", Buffer.alloc(1_000_000, " "));
  expect(large.status).toBe(413);
  expect(await detailOf(large)).toContain("larger than 65536 bytes");
});

test("takes UTF-8 only, with or without a byte order mark", async () => {
  expect((await send("messages", '\ufeff{"text":"x"}')).status).toBe(202);
  expect((await send("messages", '{"text":"x"}', 'application/json; charset="UTF-8"')).status).toBe(
    202,
  );
  const utf16 = await send(
    "messages",
    Buffer.from('{"text":"x"}', "utf16le"),
    "application/json; charset=utf-16",
  );
  expect(utf16.status).toBe(415);
  expect(await detailOf(utf16)).toContain("utf-16");
});

test("whatever is sent, it arrives unchanged or is refused, and the ledger agrees", async () => {
  const taken: string[] = [];
  const before = new Set(stream.messages.map(({ id }) => id));
  await fc.assert(
    fc.asyncProperty(batchOf(nastyJson, BATCH), async (values) => {
      const { length } = stream.messages;
      const answers = await Promise.all(
        values.map(async (value) => {
          const response = await send("workflow/preferences", preferences(value));
          expect([202, 400, 413]).toContain(response.status);
          const { eventId } = (await response.json()) as { eventId?: string };
          return { value, eventId: response.status === 202 ? eventId : undefined };
        }),
      );
      const sent = new Map(answers.map(({ eventId, value }) => [eventId, value]));
      sent.delete(undefined);
      await vi.waitFor(() => expect(stream.messages).toHaveLength(length + sent.size), PATIENCE);
      for (const { id, data } of stream.messages.slice(length)) {
        const value = sent.get(id) ?? "not sent";
        expect(meaningOf(valueOf(data))).toBe(meaningOf(value.toString()));
        taken.push(id ?? "none");
      }
      // A long run would fill the memory.
      stream.messages.length = length;
    }),
    fuzzingBatches(200, BATCH),
  );
  const { published } = accountOf(await readLedgers(ledgerDir));
  expect(published.filter((id) => !before.has(id)).sort()).toEqual([...taken].sort());
});
