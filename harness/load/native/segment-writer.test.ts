import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Observation } from "../../history/observation.ts";
import { SegmentWriter } from "./segment-writer.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "segment-test-"))));
afterEach(() => rm(folder, { recursive: true }));

const failOnError = (error: Error): void => {
  throw error;
};
const receivedEvents = (count: number): Extract<Observation, { type: "received" }>[] =>
  Array.from({ length: count }, (_, i) => ({
    type: "received",
    session: `s${i % 7}`,
    connection: 1,
    epoch: "e1",
    seq: i + 1,
    ...(i % 5 === 0 ? { terminal: true } : {}),
    atMs: i + 0.125,
  }));

test("writes every observation once and in order, the quick way and the plain way alike", async () => {
  const path = join(folder, "a.ndjson");
  const writer = await SegmentWriter.open(path, failOnError);
  const observations = receivedEvents(20_000);
  observations.forEach((one, i) => (i % 2 === 0 ? writer.record(one) : writer.recordReceived(one)));
  await writer.close();
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as Observation)).toEqual(observations);
});

test("brings little to the disk too, without being closed", async () => {
  const path = join(folder, "a.ndjson");
  const writer = await SegmentWriter.open(path, failOnError);
  writer.record({ type: "phase", phase: "loaded", atMs: 1 });
  await vi.waitFor(async () => expect(await readFile(path, "utf8")).toContain("loaded"), {
    timeout: 20_000,
  });
  await writer.close();
});

test("reports a full disk once, and again on close, while recording goes on without an error", async () => {
  const errors: Error[] = [];
  const writer = await SegmentWriter.open("/dev/full", (error) => errors.push(error));
  for (const one of receivedEvents(10_000)) writer.record(one);
  await vi.waitFor(() => expect(errors).toHaveLength(1), { timeout: 20_000 });
  for (const one of receivedEvents(10_000)) writer.record(one);
  await expect(writer.close()).rejects.toThrow(
    "cannot write the history segment /dev/full: ENOSPC",
  );
  expect(errors).toHaveLength(1);
});

test("names the file that cannot be opened", async () => {
  const path = join(folder, "missing", "a.ndjson");
  await expect(SegmentWriter.open(path, failOnError)).rejects.toThrow(path);
});
