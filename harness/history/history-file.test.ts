import { execFileSync } from "node:child_process";
import { appendFile, mkdtemp, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HistoryError } from "./history-error.ts";
import { appendRun } from "./history-file.ts";
import type { Observation, RunObservation } from "./observation.ts";
import { readHistory } from "./read-history.ts";
import { createFileRecorder } from "./recorder.ts";
import { runObservation } from "./test-support/run-observation.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-history-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (repeat: number): RunObservation => runObservation({ repeat });
const received = (seq: number): Observation => ({
  type: "received",
  session: "s0",
  connection: 1,
  epoch: "e1",
  seq,
  atMs: seq + 0.125,
});

async function segment(name: string, ...observations: Observation[]): Promise<string> {
  const path = join(folder, name);
  const recorder = createFileRecorder(path);
  for (const observation of observations) recorder.record(observation);
  await recorder.close();
  return path;
}

async function readAll(path: string): Promise<Observation[]> {
  const all: Observation[] = [];
  for await (const batch of readHistory(path)) all.push(...batch);
  return all;
}

/** The reader's error, and what it had given out before. */
async function readBroken(path: string): Promise<{ before: Observation[]; error: HistoryError }> {
  const before: Observation[] = [];
  try {
    for await (const batch of readHistory(path)) before.push(...batch);
  } catch (error) {
    expect(error).toBeInstanceOf(HistoryError);
    return { before, error: error as HistoryError };
  }
  throw new Error("the history was read to its end");
}

describe("a history file", () => {
  it("gives back every run with the lines of its segments, in order", async () => {
    const history = join(folder, "history.ndjson.gz");
    const first = await segment("a.ndjson", received(1), received(2));
    const second = await segment("b.ndjson", received(3));
    await appendRun(history, run(1), [first, second]);
    await appendRun(history, run(2), [second]);
    expect(await readAll(history)).toEqual([
      run(1),
      received(1),
      received(2),
      received(3),
      run(2),
      received(3),
    ]);
  });

  it("is a gzip file to gzip itself", async () => {
    const history = join(folder, "history.ndjson.gz");
    await appendRun(history, run(1), []);
    await appendRun(history, run(2), []);
    const text = execFileSync("gzip", ["-dc", history], { encoding: "utf8" });
    expect(text).toBe(`${JSON.stringify(run(1))}\n${JSON.stringify(run(2))}\n`);
  });

  it("is as it was when an append fails, and nothing is left beside it", async () => {
    const history = join(folder, "history.ndjson.gz");
    await appendRun(history, run(1), [await segment("a.ndjson", received(1))]);
    const before = await readFile(history);
    await expect(appendRun(history, run(2), [join(folder, "missing.ndjson")])).rejects.toThrow(
      "ENOENT",
    );
    expect(await readFile(history)).toEqual(before);
    expect((await readdir(folder)).toSorted()).toEqual(["a.ndjson", "history.ndjson.gz"]);
  });

  it("takes no harm from what an append that was killed left beside it", async () => {
    const history = join(folder, "history.ndjson.gz");
    await appendRun(history, run(1), []);
    await writeFile(`${history}.part`, "half of something");
    await appendRun(history, run(2), []);
    expect(await readAll(history)).toEqual([run(1), run(2)]);
  });

  it("keeps a segment's torn last line apart from the next segment's first one", async () => {
    const history = join(folder, "history.ndjson.gz");
    const torn = await segment("a.ndjson", received(1));
    await appendFile(torn, '{"type":"rece');
    await appendRun(history, run(1), [torn, await segment("b.ndjson", received(2))]);
    const { error } = await readBroken(history);
    expect(error).toMatchObject({ line: 3, reason: 'is not JSON: {"type":"rece' });
  });

  it("holds tens of thousands of lines across the reader's chunks", async () => {
    const many = Array.from({ length: 50_000 }, (_, index) => received(index));
    const history = join(folder, "history.ndjson.gz");
    await appendRun(history, run(1), [await segment("a.ndjson", ...many)]);
    const all = await readAll(history);
    expect(all.length).toBe(50_001);
    expect(all.at(-1)).toEqual(received(49_999));
  });
});

describe("a damaged history", () => {
  const whole = gzipSync(`${JSON.stringify(run(1))}\n`);
  const write = async (...parts: (Buffer | string)[]): Promise<string> => {
    const path = join(folder, "history.ndjson.gz");
    await writeFile(path, Buffer.concat(parts.map((part) => Buffer.from(part))));
    return path;
  };

  it("that is truncated yields the runs before the cut, then reports its place", async () => {
    for (const bytes of [1, 2, 3, 15]) {
      const { before, error } = await readBroken(await write(whole, whole.subarray(0, bytes)));
      expect(before).toEqual([run(1)]);
      expect(error).toMatchObject({ line: 2, reason: "the gzip stream is truncated" });
    }
  });

  it("without its checksum is truncated too", async () => {
    const path = await write(whole);
    await truncate(path, whole.length - 4);
    expect((await readBroken(path)).error.reason).toBe("the gzip stream is truncated");
  });

  it("that was changed is refused", async () => {
    const changed = Buffer.from(whole);
    changed[20] = (changed[20] ?? 0) ^ 0xff;
    expect((await readBroken(await write(changed))).error.reason).toMatch(
      /^the gzip stream is damaged/,
    );
  });

  it.each([
    ["text", Buffer.from("hello")],
    ["zeros", Buffer.alloc(600_000)],
  ])("that is followed by %s is refused", async (_, tail) => {
    await readBroken(await write(whole, tail));
  });

  it("that is empty is refused", async () => {
    await readBroken(await write());
  });

  it("that is not UTF-8 is refused instead of repaired", async () => {
    const path = join(folder, "plain.ndjson");
    await writeFile(path, Buffer.from([0x7b, 0xff, 0x7d, 0x0a]));
    expect((await readBroken(path)).error.reason).toBe("is not UTF-8");
  });

  it("without line ends is refused before it fills the memory", async () => {
    const path = join(folder, "plain.ndjson");
    await writeFile(path, Buffer.alloc(3_000_000, "x"));
    expect((await readBroken(path)).error.reason).toBe("is longer than 1048576 characters");
  });

  it("that is not there is the file system's error", async () => {
    await expect(readAll(join(folder, "none.gz"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a file recorder", () => {
  it("appends to what is there", async () => {
    await segment("a.ndjson", received(1));
    expect(await readAll(await segment("a.ndjson", received(2)))).toEqual([
      received(1),
      received(2),
    ]);
  });

  it("never throws in record; close and the callback tell the write error", async () => {
    const errors: Error[] = [];
    const recorder = createFileRecorder(join(folder, "missing", "a.ndjson"), (error) =>
      errors.push(error),
    );
    recorder.record(received(1));
    await expect(recorder.close()).rejects.toMatchObject({ code: "ENOENT" });
    recorder.record(received(2));
    await expect(recorder.close()).rejects.toMatchObject({ code: "ENOENT" });
    expect(errors).toMatchObject([{ code: "ENOENT" }]);
  });

  it("tells a full disk", async () => {
    const recorder = createFileRecorder("/dev/full");
    recorder.record(received(1));
    await expect(recorder.close()).rejects.toMatchObject({ code: "ENOSPC" });
  });

  it("may be closed twice", async () => {
    const recorder = createFileRecorder(join(folder, "a.ndjson"));
    recorder.record(received(1));
    await recorder.close();
    await recorder.close();
    expect(await readAll(join(folder, "a.ndjson"))).toEqual([received(1)]);
  });
});
