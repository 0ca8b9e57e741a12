import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import { readServiceFile, type Service } from "../../service/read-service-file.ts";
import { asServiceRun, withoutLedger } from "./describe-service.ts";
import {
  checkCommand,
  checkImage,
  checkTopology,
  containerOf,
  toProgram,
} from "./service-program.ts";
import { splitCommand } from "./split-command.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-service-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STREAM = `
stream:
  request: GET /events
events:
  sequence:
    id: \${sequence}
  terminal: [done]
`;

const serviceOf = (run: string, rest = STREAM): Promise<Service> => {
  const path = join(folder, "sse-lab.service.yaml");
  writeFileSync(path, `version: 1\nname: mine\nrun:\n  ready: /up\n${run}${rest}`);
  return readServiceFile(path, { KEY: "secret" });
};
const topology = (name: string) => TOPOLOGIES.find((one) => one.name === name)!;

const COMMAND = "  command: serve --port ${port}\n";
const REDIS = "  topologies:\n    phase2:\n      environment:\n        REDIS: ${redis.url}\n";

describe("a service file as a program", () => {
  it("fills placeholders, and leaves the revision to each start", async () => {
    const run = `  command: ["serve it", "--port=\${port}", "\${revision}"]
  environment:
    NAME: \${instance}
    KEY: \${env.KEY}
    LEDGER: \${ledger.dir}
  stop:
    signal: SIGQUIT
    grace: 1.5
  readyWithin: 60
${REDIS}`;
    const program = toProgram(await serviceOf(run), topology("phase2"), { KEY: "secret" });
    expect(program).toMatchObject({
      name: "mine",
      folder,
      readyPath: "/up",
      readyWithinMs: 60_000,
      stopSignal: "SIGQUIT",
      graceMs: 1500,
    });
    const values = { port: 8123, instance: "server-1", ledgerDir: "/l", redisUrl: "redis://r" };
    expect(program.start(values)).toEqual({
      command: ["serve it", "--port=8123", "${revision}"],
      environment: { NAME: "server-1", KEY: "secret", LEDGER: "/l", REDIS: "redis://r" },
    });
  });

  it("turns Redis on in the topologies that the file names, and nowhere else", async () => {
    const service = await serviceOf(COMMAND + REDIS);
    const values = { port: 1, instance: "a", ledgerDir: "/l", redisUrl: undefined };
    expect(toProgram(service, topology("naive"), {}).start(values).environment).toEqual({});
    for (const name of ["phase0", "naive", "phase1", "phase2"])
      expect(() => checkTopology(service, topology(name))).not.toThrow();
  });

  it.each([
    ["phase2", COMMAND, /:3:1: run\.topologies\.phase2: is missing: .*how to turn Redis on/],
    ["phase2-durable", COMMAND + REDIS, /run\.topologies\.phase2-durable: is missing/],
    [
      "phase2",
      `${COMMAND}  topologies:\n    phase2: {}\n`,
      /:7:5: run\.topologies\.phase2: nothing .* uses \$\{redis\.url\}/,
    ],
    ["phase3", COMMAND, /clients of this topology subscribe to Supabase Realtime/],
    ["phase1-header", COMMAND, /hashes the header X-Session-ID, .*add x-session-id/],
  ])("refuses %s, with the place in the file", async (name, run, message) => {
    const service = await serviceOf(run);
    expect(() => checkTopology(service, topology(name))).toThrow(message);
  });

  it.each([
    ["  image: example\n  port: 80\n", /run\.command: is missing: platform local runs a command/],
    ["  command: serve\n", /:5:3: run\.command: never uses \$\{port\}/],
    [`${COMMAND}  folder: nowhere\n`, /:6:3: run\.folder: there is no folder .*nowhere/],
  ])("refuses a run that cannot be started", async (run, message) => {
    const service = await serviceOf(run);
    expect(() => checkCommand(service)).toThrow(message);
  });

  it("says what its containers run", async () => {
    const image = await serviceOf(`${COMMAND}  image: mine:1\n  port: 80\n  user: root\n`);
    expect(toProgram(image, topology("naive"), {}).container).toEqual({
      image: { image: "mine:1" },
      port: 80,
      user: "root",
    });
    const build = await serviceOf("  build:\n    context: app\n    target: run\n  port: 80\n");
    expect(containerOf(build)?.image).toEqual({
      build: { context: join(folder, "app"), target: "run" },
    });
    expect(toProgram(await serviceOf(COMMAND), topology("naive"), {}).container).toBeUndefined();
  });

  it.each([
    [COMMAND, /run\.image: is missing: platform docker runs an image, or a build/],
    ["  build:\n    context: app\n  port: 80\n", /:5:3: run\.build: there is no file .*Dockerfile/],
  ])("refuses a run that no container can run", async (run, message) => {
    const service = await serviceOf(run);
    expect(() => checkImage(service)).toThrow(message);
  });

  it("does not count a command that containers do not run", async () => {
    const run = "  command: serve ${port} ${redis.url}\n  topologies:\n    phase2: {}\n";
    const service = await serviceOf(`${run}  image: mine\n  port: 80\n`);
    expect(() => checkTopology(service, topology("phase2"))).not.toThrow();
    expect(() => checkTopology(service, topology("phase2"), "docker")).toThrow(
      "run.topologies.phase2: nothing in its environment uses ${redis.url}",
    );
  });

  it("refuses a file that does not say how to start it", async () => {
    const path = join(folder, "other.yaml");
    writeFileSync(path, `version: 1\n${STREAM}`);
    const service = await readServiceFile(path, {});
    expect(() => checkCommand(service)).toThrow(/run: is missing, .* give --target/);
  });
});

it.each([
  ["node server.js", ["node", "server.js"]],
  [`python -c "print('a b')" 'x y'`, ["python", "-c", "print('a b')", "x y"]],
])("splits %s as a command line", (line, words) => expect(splitCommand(line)).toEqual(words));

it.each([
  ["sequence: none\n  terminal: [done]", { sequence: false, total: false, terminal: true }],
  ["sequence: { pointer: /n }\n  total: 9", { sequence: true, total: true, terminal: false }],
  [
    "sequence: { pointer: /n }\n  total: /of\n  terminal: [done]",
    { sequence: true, total: false, terminal: true },
  ],
])("says what events tell without a ledger: %s", async (events, known) => {
  const service = await serviceOf(COMMAND, `stream:\n  request: GET /e\nevents:\n  ${events}\n`);
  expect(withoutLedger(service)).toEqual(known);
  const run = asServiceRun({ notes: [], promise: {} } as never, service);
  expect(run).toMatchObject({ withoutLedger: known, promise: { routedByChance: false } });
  const recorded = await serviceOf(`${COMMAND}  ledger: true\n`);
  expect(asServiceRun({ notes: [], promise: {} } as never, recorded).withoutLedger).toBeUndefined();
});
