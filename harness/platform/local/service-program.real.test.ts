import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAlive } from "../../../common/processes/process-identity.ts";
import { UserError } from "../../../common/user-error.ts";
import type { ServiceProgram } from "../platform.ts";
import type { LocalDeployment } from "./local-deployment.ts";
import { createTestLab, type TestLab } from "./test-support/test-lab.ts";

/**
 * Starts a child that holds nothing, and answers with what it was given. Writes what it is told by
 * signals.
 */
const PROGRAM = `
import { spawn } from "node:child_process";
import { createServer } from "node:http";
const child = spawn("sleep", ["600"]);
process.on("SIGINT", () => { console.log("told to stop"); process.exit(0); });
process.on("SIGTERM", () => console.log("wrong signal"));
const { NAME, REVISION, REDIS_URL = null, EXTRA = null, HOME } = process.env;
createServer((request, response) => {
  if (request.url === "/up") return response.writeHead(204).end();
  response.end(JSON.stringify({ NAME, REVISION, REDIS_URL, EXTRA, child: child.pid,
    names: Object.keys(process.env).sort(), HOME }));
}).listen(Number(process.argv[2]), "127.0.0.1");
`;

interface Answer {
  NAME: string;
  REVISION: string;
  REDIS_URL: string | null;
  child: number;
  names: string[];
}

let lab: TestLab;
beforeAll(() => {
  lab = createTestLab();
  writeFileSync(join(lab.folder, "program.mjs"), PROGRAM);
});
afterAll(() => lab.close());

const program = (change: Partial<ServiceProgram> = {}): ServiceProgram => ({
  name: "example",
  folder: lab.folder,
  readyPath: "/up",
  readyWithinMs: undefined,
  stopSignal: "SIGINT",
  graceMs: undefined,
  start: ({ port, instance, redisUrl }) => ({
    command: [process.execPath, "program.mjs", String(port)],
    environment: {
      NAME: instance,
      REVISION: "r${revision}",
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    },
  }),
  ...change,
});

const ask = async (url: string): Promise<Answer> => (await fetch(url)).json() as Promise<Answer>;

const logOf = ({ workDir }: LocalDeployment, instance: string): string =>
  readFileSync(join(workDir, "logs", `${instance}.log`), "utf8");

describe("a program of the user", () => {
  it("runs in a topology, is deployed with its own signal, and takes its children along", async () => {
    const deployment = await lab.up("naive", { replicas: 2, service: program() });
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask(deployment.url)));
    expect([...new Set(answers.map(({ NAME }) => NAME))].sort()).toEqual(["server-1", "server-2"]);
    const [first] = answers as [Answer];
    expect(first).toMatchObject({ REVISION: "r1", REDIS_URL: null });
    expect(first.names.filter((name) => /PORT|SECRET|LEDGER|NODE|npm/.test(name))).toEqual([]);

    await deployment.control.deploy({ strategy: "rolling", graceMs: 5000 });
    expect(logOf(deployment, "server-1")).toBe("told to stop\n");
    const url = deployment.instanceUrls["server-1"] ?? "";
    expect((await ask(url)).REVISION).toBe("r2");
    for (const { child } of answers) expect(isAlive(child)).toBe(false);

    const { child } = await ask(url);
    await deployment.control.kill("server-1");
    await expect.poll(() => isAlive(child)).toBe(false);
    await deployment.control.start("server-1");
    expect((await ask(url)).REVISION).toBe("r3");

    const last = await ask(deployment.instanceUrls["server-2"] ?? "");
    await deployment.down();
    await expect.poll(() => isAlive(last.child)).toBe(false);
  });

  it("gets the address of Redis in a topology that has it", async () => {
    const deployment = await lab.up("phase2", { replicas: 1, service: program() });
    expect((await ask(deployment.url)).REDIS_URL).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
    await deployment.down();
  });

  const starting = (
    command: [string, ...string[]],
    change: Partial<ServiceProgram> = {},
  ): Promise<unknown> =>
    lab
      .up("phase0", {
        service: program({ start: () => ({ command, environment: {} }), ...change }),
      })
      .catch((error: unknown) => error);

  it.each([
    [
      ["no-such-program"],
      {},
      /^server-1 could not be started: there is no program no-such-program/,
    ],
    [["sh", "-c", "echo broken >&2; exit 3"], {}, /server-1 exited meanwhile\n.*:\nbroken$/],
    [
      ["sh", "-c", "echo here; exec sleep 600"],
      { readyWithinMs: 300 },
      /server-1 to be ready at \S+\/up: not within 300 ms \(last seen: .*REFUSED.*\)\n.*:\nhere$/,
    ],
    [["true"], { folder: "/no/such" }, /there is no folder \/no\/such to run it in$/],
  ] as const)("says why %s does not come up", async (command, change, message) => {
    const error = await starting([...command], change);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
    expect(lab.stateFiles()).toEqual([]);
  });

  it("says that its port is taken, with its last lines", async () => {
    const error = await starting(["sh", "-c", "echo listen: EADDRINUSE :::3000; exit 1"]);
    expect((error as UserError).message).toContain("listen: EADDRINUSE :::3000");
    expect(lab.steps.filter((step) => step.includes("took a port"))).toHaveLength(2);
  });
});
