import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFile, mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { firstLine, permits, startIn } from "../test-support/namespaces.ts";
import { thisProcess } from "../processes/process-identity.ts";
import { removeAbandoned } from "./unfinished.ts";
import { lookUp, madeOnce, type CachedArtifact } from "./download-cache.ts";

let folder: string;
let artifact: CachedArtifact;
/** What the test started and has to end. */
const started: { kill: (signal: "SIGKILL") => boolean; ended: Promise<unknown> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-cache-test-"));
  artifact = { title: "the artifact", folder: join(folder, "cache", "x"), binary: "binary" };
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
    await child.ended;
  }
  await rm(folder, { recursive: true, force: true });
});

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await sleep(20);
};
const linesOf = async (file: string): Promise<string[]> =>
  (await readFile(join(folder, file), "utf8").catch(() => ""))
    .split("\n")
    .filter((line) => line !== "");

/**
 * A process of its own that makes the artifact: says so in the file `made`, then waits until there
 * is a file `go`.
 */
const makerScript = (): string => `
    import { access, appendFile, writeFile } from "node:fs/promises";
    import { join } from "node:path";
    import { madeOnce } from ${JSON.stringify(new URL("download-cache.ts", import.meta.url).href)};
    const [folder, artifact] = [${JSON.stringify(folder)}, ${JSON.stringify(artifact)}];
    const make = async (staged) => {
      await writeFile(join(staged, artifact.binary), "half");
      await appendFile(join(folder, "made"), process.pid + "\\n");
      while (!(await access(join(folder, "go")).then(() => true, () => false))) await new Promise((r) => setTimeout(r, 20));
      await writeFile(join(staged, artifact.binary), "whole");
    };
    const onStep = (step) => void appendFile(join(folder, "steps"), step + "\\n");
    console.log(await madeOnce(artifact, make, { onStep }));`;

const startMaker = (): { kill: () => boolean; stdout: Promise<string> } => {
  const script = makerScript();
  const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", script];
  const maker = execa(process.execPath, args, { reject: false });
  started.push({ kill: (signal) => maker.kill(signal), ended: maker });
  return { kill: () => maker.kill("SIGKILL"), stdout: maker.then(({ stdout }) => stdout) };
};

const writeWhole = (staged: string): Promise<void> =>
  writeFile(join(staged, artifact.binary), "whole");

test("two processes at once make it once, and the second one says that it waits", async () => {
  const both = [startMaker(), startMaker()];
  await until(async () => (await linesOf("steps")).length > 0);
  await appendFile(join(folder, "go"), "");
  const path = join(artifact.folder, artifact.binary);
  expect(await Promise.all(both.map(({ stdout }) => stdout))).toEqual([path, path]);
  expect(await linesOf("made")).toHaveLength(1);
  expect((await linesOf("steps"))[0]).toMatch(
    /another process is getting the artifact: waiting, \d+ s/,
  );
  expect(await readFile(path, "utf8")).toBe("whole");
});

test("callers at once within one process make it once", async () => {
  let made = 0;
  const make = async (staged: string): Promise<void> => {
    made += 1;
    await writeWhole(staged);
  };
  const paths = await Promise.all([1, 2, 3].map(() => madeOnce(artifact, make, {})));
  expect(new Set(paths)).toEqual(new Set([join(artifact.folder, artifact.binary)]));
  expect(made).toBe(1);
});

test(
  "a maker killed half-way leaves nothing that is taken for the artifact, and the next one " +
    "clears up",
  async () => {
    const killed = startMaker();
    await until(async () => (await linesOf("made")).length === 1);
    killed.kill();
    await killed.stdout;
    expect(await lookUp(artifact)).toEqual({});
    // Its lock and its half-made folder.
    expect(await readdir(join(folder, "cache"))).toHaveLength(2);
    const path = await madeOnce(artifact, writeWhole, {});
    expect(await readFile(path, "utf8")).toBe("whole");
    expect(await readdir(join(folder, "cache"))).toEqual(["x"]);
  },
);

test.each([
  ["has another content", (path: string) => writeFile(path, "elohw"), /checksum differs/],
  ["is missing", (path: string) => rm(path), /is missing/],
  [
    "has no record beside it",
    (path: string) => rm(join(path, "..", "sse-lab-tool.json")),
    /no readable checksum/,
  ],
])("a binary that %s is made again", async (_, damage, problem) => {
  // In another process, so that this one hasn't seen it good.
  await appendFile(join(folder, "go"), "");
  await startMaker().stdout;
  const path = join(artifact.folder, artifact.binary);
  await damage(path);
  expect((await lookUp(artifact)).problem).toMatch(problem);
  const steps: string[] = [];
  await madeOnce(artifact, writeWhole, { onStep: (step) => steps.push(step) });
  expect(steps).toEqual([expect.stringMatching(problem)]);
  expect(await readFile(path, "utf8")).toBe("whole");
});

test("a failure is passed on, leaves no trace, and the next call tries again", async () => {
  const fail = (): Promise<void> => Promise.reject(new Error("no such host"));
  await expect(madeOnce(artifact, fail, {})).rejects.toThrow("no such host");
  expect(await readdir(join(folder, "cache"))).toEqual([]);
  await madeOnce(artifact, writeWhole, {});
  expect(await lookUp(artifact)).toEqual({ path: join(artifact.folder, artifact.binary) });
});

test("who waits stops waiting when aborted", async () => {
  startMaker();
  await until(async () => (await linesOf("made")).length === 1);
  const controller = new AbortController();
  const waiting = madeOnce(artifact, writeWhole, {
    signal: controller.signal,
    onStep: () => controller.abort(new Error("interrupted")),
  });
  await expect(waiting).rejects.toThrow();
  expect(await linesOf("made")).toHaveLength(1);
});

test("a lock whose owner's process id went to another process is taken over", async () => {
  const other = execa("sleep", ["600"], { reject: false });
  await once(other, "spawn");
  started.push({ kill: (signal) => other.kill(signal), ended: other });
  await madeOnce({ ...artifact, folder: join(folder, "cache", "first") }, writeWhole, {});
  const { startTime } = thisProcess();
  const claim = `${other.pid}.${encodeURIComponent(startTime)}.${randomUUID()}`;
  await writeFile(`${artifact.folder}.lock.${claim}`, "");
  await madeOnce(artifact, writeWhole, {});
  expect(await readdir(join(folder, "cache"))).toEqual(["first", "x"]);
});

test.runIf(permits("pids"))(
  "containers that share the cache make it once, and neither removes what the other one stages",
  async () => {
    const first = startMaker();
    await until(async () => (await linesOf("made")).length === 1);
    const second = startIn(["pids"], makerScript());
    started.push({ kill: (signal) => second.kill(signal), ended: once(second, "exit") });
    await until(async () => (await linesOf("steps")).length > 0);
    // What is beside the artifact, for one that is no part of this lock.
    await removeAbandoned(join(folder, "cache"), ".new-x.");
    await appendFile(join(folder, "go"), "");
    const path = join(artifact.folder, artifact.binary);
    expect(await Promise.all([first.stdout, firstLine(second)])).toEqual([path, path]);
    expect(await linesOf("made")).toHaveLength(1);
  },
);

test.runIf(permits("pids"))(
  "a half-made folder of another container goes after a day, not before",
  async () => {
    const script = `
      import { mkdirSync } from "node:fs";
      import { unfinishedName } from ${JSON.stringify(new URL("unfinished.ts", import.meta.url).href)};
      mkdirSync(${JSON.stringify(`${folder}/`)} + unfinishedName(".new-x."));
      console.log("made");`;
    const maker = startIn(["pids"], script);
    await firstLine(maker);
    await removeAbandoned(folder, ".new-x.");
    const [name = ""] = await readdir(folder);
    expect(name).toMatch(/^\.new-x\./);
    const before = new Date(Date.now() - 25 * 3600 * 1000);
    await utimes(join(folder, name), before, before);
    await removeAbandoned(folder, ".new-x.");
    expect(await readdir(folder)).toEqual([]);
  },
);
