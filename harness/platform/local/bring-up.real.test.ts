import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../../common/free-port.ts";
import { createTestLab, processesOf, type TestLab } from "./test-support/test-lab.ts";

let lab: TestLab;
let occupied: Server;
let takenPort: number;
beforeEach(async () => {
  lab = createTestLab();
  occupied = createServer();
  await new Promise<void>((resolve) => occupied.listen(0, "127.0.0.1", resolve));
  takenPort = (occupied.address() as AddressInfo).port;
});
afterEach(async () => {
  occupied.close();
  await lab.close();
});

const expectNothingLeft = (workDir: string): void => {
  expect(processesOf(workDir)).toEqual([]);
  expect(existsSync(workDir)).toBe(false);
  expect(lab.stateFiles()).toEqual([]);
};

/** Returns the taken port at this position: 0 router, 1 its API, 2 broker, then servers. */
const takenAt = (position: number, times: number) => {
  let asked = 0;
  let given = 0;
  return (): Promise<number> => {
    const index = asked % 4;
    asked += 1;
    if (index !== position || given === times) return freePort();
    given += 1;
    return Promise.resolve(takenPort);
  };
};

test.each([
  ["the router", 0],
  ["the router's API", 1],
  ["the broker", 2],
  ["a server", 3],
])("a taken port of %s is replaced before anything is announced", async (_, position) => {
  const choosePort = takenAt(position, 1);
  const deployment = await lab.up("phase2", { replicas: 1 }, { choosePort });
  expect((await fetch(`${deployment.url}/readyz`)).status).toBe(200);
  expect(lab.steps.filter((step) => step.includes("starting over"))).toHaveLength(1);
  expect(lab.reports).toEqual(["server-1 started", "server-1 ready"]);
});

test("a port that stays taken is an error that names it, and nothing is left", async () => {
  const workDir = lab.workDir("taken");
  const choosePort = takenAt(0, Infinity);
  const error = await lab
    .up("phase0", { workDir }, { choosePort })
    .catch((reason: unknown) => reason as Error);
  expect(error).toHaveProperty("message", expect.stringMatching(/traefik exited meanwhile/));
  expect(error).toHaveProperty("message", expect.stringContaining(`127.0.0.1:${takenPort}`));
  expectNothingLeft(workDir);
});

test("a server that exits at start is an error with its log, and nothing is left", async () => {
  const workDir = lab.workDir("dying");
  const buildServer = (outFile: string): Promise<void> =>
    writeFile(outFile, `console.log("reading settings"); throw new Error("no configuration");`);
  const up = lab.up("phase2", { workDir }, { buildServer });
  await expect(up).rejects.toThrow(
    /server-\d exited meanwhile[^]*reading settings[^]*no configuration/,
  );
  expectNothingLeft(workDir);
  expect(lab.reports).toEqual([]);
});

test("an abort ends the wait for a server that never gets ready, and nothing is left", async () => {
  const workDir = lab.workDir("aborted");
  const asked = join(lab.folder, "asked");
  const buildServer = (outFile: string): Promise<void> =>
    writeFile(
      outFile,
      `import { writeFileSync } from "node:fs";
       import { createServer } from "node:http";
       createServer((_, answer) => {
         writeFileSync(${JSON.stringify(asked)}, "");
         answer.writeHead(503).end();
       }).listen(Number(process.env.PORT), "127.0.0.1");`,
    );
  const controller = new AbortController();
  const up = lab.up("phase1", { workDir, signal: controller.signal }, { buildServer });
  const refused = expect(up).rejects.toThrow("interrupted");
  await vi.waitFor(() => expect(existsSync(asked)).toBe(true), { timeout: 20_000 });
  controller.abort(new Error("interrupted"));
  await refused;
  expectNothingLeft(workDir);
});

test("a work folder with files of another deployment is refused and left as it is", async () => {
  const workDir = lab.workDir("used");
  await mkdir(join(workDir, "ledger"), { recursive: true });
  await writeFile(join(workDir, "ledger", "server-1.1.ndjson"), "{}\n");
  await expect(lab.up("phase0", { workDir })).rejects.toThrow(/ledger exists already/);
  expect(existsSync(join(workDir, "ledger", "server-1.1.ndjson"))).toBe(true);
});

test("down keeps files in the work folder that are not the deployment's", async () => {
  const workDir = lab.workDir("shared");
  await mkdir(workDir);
  await writeFile(join(workDir, "notes.txt"), "mine");
  const deployment = await lab.up("phase0", { workDir });
  await deployment.down();
  expect(existsSync(join(workDir, "notes.txt"))).toBe(true);
  expect(existsSync(join(workDir, "ledger"))).toBe(false);
});
