import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readText } from "../../common/files/read-text.ts";
import { fromRoot } from "../../common/paths.ts";
import { LAB_PROTOCOL } from "../load/portable/service/lab-protocol.ts";
import { profilePath, PROFILES } from "./profiles/profiles.ts";
import { readServiceFile } from "./read-service-file.ts";
import { referenceTable } from "./schema/reference-table.ts";
import { serviceJsonSchema } from "./schema/service-json-schema.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "service-file-"));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (text: string): Promise<string> => {
  const path = join(folder, "sse-lab.service.yaml");
  await writeFile(path, text);
  return path;
};

const read = async (text: string, environment = {}) =>
  readServiceFile(await write(text), environment);

/** What is said of a text, without the path of the file. */
const refusal = async (text: string): Promise<string> =>
  read(text).then(
    () => "accepted",
    (error: unknown) =>
      (error as Error).message.replaceAll(`${join(folder, "sse-lab.service.yaml")}:`, ""),
  );

const GOOD = `session:
  request: POST /sessions
  values: {id: /id}
stream:
  request: GET /sessions/\${session.id}/events
  headers: {x-key: a}
start:
  request: POST /sessions/\${session.id}/run
  body: {steps: "\${load.events}"}
events:
  sequence: {pointer: /n}
  total: plan
  terminal: [done]
`;

test("a short file has what the engine needs", async () => {
  const { protocol, name } = await read(GOOD);
  expect(name).toBe(folder.split("/").at(-1));
  expect(protocol).toMatchObject({
    session: {
      request: { method: "POST", path: "/sessions", accept: [] },
      values: { id: { from: "body", pointer: "/id" } },
    },
    stream: { confirmed: { by: "head" }, sendsLastEventId: true },
    event: { sequence: { from: "data", pointer: "/n", first: 1 }, run: null },
  });
  expect(protocol.stream.eventSourcePath).toBeUndefined();
});

test("secrets come from the environment, and a dollar in them stays one", async () => {
  const text = GOOD.replace("x-key: a", 'x-key: "${env.KEY}"');
  await expect(read(text)).rejects.toThrow(
    /:6:13: stream\.headers\.x-key: the environment variable KEY is not set/,
  );
  const { protocol } = await read(text, { KEY: "s${x}" });
  expect(protocol.stream.request.headers).toEqual({ "x-key": "s$${x}" });
});

/** Name, what replaces what in the good file, and the line that says so. */
const MISTAKES: [string, string, string, string][] = [
  [
    "an unknown key",
    "  terminal:",
    "  terminals:",
    "13:3: events.terminals: unknown key; known here are sequence, run, total, published, term",
  ],
  [
    "an unknown key of a form",
    "{pointer: /n}",
    "{pointer: /n, fist: 0}",
    "11:27: events.sequence.fist: unknown key; known here are pointer, first, id",
  ],
  [
    "a pointer without a slash",
    "/n}",
    "n}",
    '11:14: events.sequence.pointer: is "n"; give a JSON pointer, which begins with "/"',
  ],
  [
    "a request without a method",
    "POST /sessions\n",
    "/sessions\n",
    '2:3: session.request: is "/sessions"; give a method and a path, like POST /api/sessions',
  ],
  ["a whole URL", "GET /sess", "GET http://a/sess", "give a method and a path"],
  [
    "a method that opens no stream",
    "GET /sess",
    "PUT /sess",
    '5:3: stream.request: is "PUT /sessions/${session.id}/events"; a stream is opened',
  ],
  [
    "a missing section",
    "events:\n  sequence: {pointer: /n}\n  total: plan\n  terminal: [done]\n",
    "",
    "events: is missing; give a map of keys",
  ],
  [
    "text in the place of a list",
    "[done]",
    "done",
    '13:3: events.terminal: is "done"; give a list: [done]',
  ],
  [
    "a value that nothing fills",
    "${session.id}/run",
    "${session.key}/run",
    "8:3: start.request: nothing fills ${session.key}; known here are session.id",
  ],
  [
    "a total that nothing asks for",
    "${load.events}",
    "x",
    "12:3: events.total: no request asks for ${load.events}",
  ],
  [
    "no end",
    "  total: plan\n  terminal: [done]\n",
    "",
    "events.terminal: is missing, and so is the number of events",
  ],
  [
    "no number in the id",
    "{pointer: /n}",
    "{id: job}",
    '11:14: events.sequence.id: is "job"; write ${sequence} where the number is',
  ],
  [
    "a run that the id does not name",
    "total: plan",
    "run: /x\n  total: 0",
    "13:3: events.total: is 0",
  ],
  ["a run by id without an id", "total: plan", "run: id", "12:3: events.run: the id names no run"],
  [
    "a total of events without numbers",
    "{pointer: /n}",
    "none",
    "12:3: events.total: events without a number are not counted",
  ],
  [
    "a body that a GET cannot have",
    "  headers: {x-key: a}",
    "  body: {a: 1}",
    "6:3: stream.body: a GET has no body",
  ],
  [
    "a header that is the lab's",
    "x-key: a",
    "Host: a",
    "6:13: stream.headers.Host: the lab sets this header itself",
  ],
  [
    "noise that is the terminal event",
    "  headers: {x-key: a}",
    "  noise: [done]",
    '6:11: stream.noise[0]: "done" is an event of events.terminal too',
  ],
  [
    "values without a request",
    "  request: POST /sessions\n",
    "",
    "2:3: session.values: there is no request",
  ],
  [
    "nothing to start",
    "session:\n",
    "run: {ready: /health}\nsession:\n",
    "1:1: run: does not say what to start",
  ],
  [
    "a variable that is a number",
    "session:\n",
    "run: {ready: /h, command: a, environment: {PORT: 80}}\nsession:\n",
    '1:44: run.environment.PORT: is 80; give text, in quotes: "80"',
  ],
  ["an empty file", GOOD, "", "is empty"],
  ["a text", GOOD, "hello", "give a map of keys"],
  ["broken YAML", "session:", "session: [", "is not YAML that the lab can read"],
  [
    "a key twice",
    "start:",
    "stream:",
    "is not YAML that the lab can read: Map keys must be unique",
  ],
  ["a tab", "  request: POST", "\trequest: POST", "is not YAML that the lab can read: Tabs"],
];

test.each(MISTAKES)("%s is named with its place and the fix", async (_, from, to, line) => {
  expect(GOOD).toContain(from.split("\n")[0]);
  const said = await refusal(GOOD.replace(from, to));
  expect(said).toContain(line);
  expect(said).not.toBe("accepted");
  expect(said.split("\n")).toHaveLength(1);
});

test("all mistakes are named at once", async () => {
  const said = await refusal(GOOD.replace("/n}", "n}").replace("GET /sess", "sess"));
  expect(said.split("\n")).toHaveLength(2);
});

test("a file that is not there names the way out", async () => {
  await expect(readServiceFile(join(folder, "none.yaml"), {})).rejects.toThrow(
    /none\.yaml: cannot be read \(ENOENT\)\. Fix: make one with: npx sse-lab service init/,
  );
});

describe.each(PROFILES)("the profile %s", (name) => {
  test("is a service file, also by the published schema", async () => {
    const environment = new Proxy({}, { get: () => "secret" });
    await readServiceFile(profilePath(name), environment);
    const valid = new Ajv2020({ strict: false }).compile(serviceJsonSchema() as object);
    expect(valid(parse(await readText(profilePath(name)))), JSON.stringify(valid.errors)).toBe(
      true,
    );
  });
});

test("the file that the docs show is a service file", async () => {
  const page = await readText(fromRoot("docs/your-service.md"));
  const text = /```yaml\n(name: jobs[^]*?)```/.exec(page)?.[1] ?? "";
  expect((await read(text)).protocol).toMatchObject({ name: "jobs", event: { run: null } });
});

test("the docs list every key (else run npx tsx harness/service/scripts/write-generated.ts)", async () => {
  const page = await readText(fromRoot("docs/your-service.md"));
  for (const [, key] of referenceTable().matchAll(/^\| `([^`]+)`/gm))
    expect(page).toContain(`| \`${key}\``);
});

test("the engine follows the lab's server by its profile (else run npx tsx harness/service/scripts/write-generated.ts)", async () => {
  const { protocol } = await readServiceFile(profilePath("lab"), {});
  expect(LAB_PROTOCOL).toEqual(protocol);
});

test("the published schema is up to date (else run npx tsx harness/service/scripts/write-generated.ts)", async () => {
  const published: unknown = JSON.parse(
    await readText(fromRoot("harness/service/service.schema.json")),
  );
  expect(published).toEqual(serviceJsonSchema());
});
