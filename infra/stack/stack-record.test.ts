import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkStackArgs } from "./check-stack-args.ts";
import { thisOwner } from "../../common/processes/owner.ts";
import { freePorts } from "../../common/free-port.ts";
import { newStackRecord, portsForReplicas } from "./new-stack-record.ts";
import { DEFAULT_REALTIME_SETTINGS } from "../realtime/realtime-settings.ts";
import { recordArgs } from "./record-args.ts";
import type { StackRecord } from "./stack-args.ts";
import { RecordError } from "../../common/files/record-folder.ts";
import { stackRecords } from "./stack-record.ts";
import { stackArgs } from "../test-support/stack-args.ts";
import { TOPOLOGIES } from "../topologies.ts";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "sse-lab-records-")), "stacks");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const topology = TOPOLOGIES.find(({ name }) => name === "phase2")!;
const record = (stack = "phase2"): Promise<StackRecord> =>
  newStackRecord({
    stack,
    topology,
    images: stackArgs(topology).images,
    labels: {},
    kept: true,
    owner: thisOwner(),
  });

describe("stack records", () => {
  it("are read as they were written, by their owner alone", async () => {
    const written = await record();
    stackRecords(folder).write(written);
    expect(stackRecords(folder).read("phase2")).toEqual(written);
    expect(statSync(stackRecords(folder).file("phase2")).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(["phase2.json"]);
  });

  it("become private again after a user has opened them", async () => {
    const written = await record();
    stackRecords(folder).write(written);
    chmodSync(stackRecords(folder).file("phase2"), 0o644);
    stackRecords(folder).write(written);
    expect(statSync(stackRecords(folder).file("phase2")).mode & 0o777).toBe(0o600);
  });

  it("may do without what a stack may do without", async () => {
    const bare: StackRecord = { ...(await record()), ports: {} };
    delete bare.ledgerDir;
    delete bare.images.broker;
    stackRecords(folder).write(bare);
    expect(stackRecords(folder).read("phase2")).toEqual(bare);
  });

  it("hold the keys of a Realtime, its own or a hosted one's", async () => {
    const phase3 = TOPOLOGIES.find(({ name }) => name === "phase3")!;
    const hosted = { url: "https://a.b/realtime/v1", serviceKey: "k", jwtSecret: "s".repeat(32) };
    for (const settings of [DEFAULT_REALTIME_SETTINGS, { ...DEFAULT_REALTIME_SETTINGS, hosted }]) {
      const written = await newStackRecord({
        stack: "phase3",
        topology: phase3,
        images: stackArgs(phase3).images,
        labels: {},
        kept: true,
        owner: thisOwner(),
        realtime: settings,
      });
      expect(() => checkStackArgs(recordArgs(written))).not.toThrow();
      stackRecords(folder).write(written);
      expect(stackRecords(folder).read("phase3")).toEqual(written);
      expect(written.realtime?.by).toBe("hosted" in settings ? "hosted" : "standin");
      expect(written.ports.realtime === undefined).toBe("hosted" in settings);
    }
  });

  it("are removed with the drafts of dead writers, and only their own", async () => {
    stackRecords(folder).write(await record("phase1"));
    stackRecords(folder).write(await record("phase1-header"));
    writeFileSync(`${stackRecords(folder).file("phase1")}.99.tmp`, "{");
    stackRecords(folder).remove("phase1");
    stackRecords(folder).remove("phase1");
    expect(readdirSync(folder)).toEqual(["phase1-header.json"]);
    expect(stackRecords(folder).read("phase1")).toBe(undefined);
  });

  it("are listed oldest first, unreadable ones separately", async () => {
    expect(stackRecords(folder).list()).toEqual({ records: [], unreadable: [] });
    stackRecords(folder).write({ ...(await record("b")), startedAt: "2026-01-02T00:00:00.000Z" });
    stackRecords(folder).write({ ...(await record("a")), startedAt: "2026-01-03T00:00:00.000Z" });
    writeFileSync(join(folder, "broken.json"), "{");
    const { records, unreadable } = stackRecords(folder).list();
    expect(records.map(({ stack }) => stack)).toEqual(["b", "a"]);
    expect(unreadable.map(({ path }) => path)).toEqual([join(folder, "broken.json")]);
  });

  it("of another shape are named with the problem, never with their content", async () => {
    const written = await record();
    stackRecords(folder).write(written);
    const path = stackRecords(folder).file("phase2");
    const cases: [text: string, problem: string][] = [
      ["", "not JSON"],
      [`{"sessionSecret":"${written.sessionSecret}"`, "not JSON"],
      [JSON.stringify({ ...written, schemaVersion: 2 }), "schemaVersion"],
      [JSON.stringify({ ...written, replicas: "3" }), "replicas"],
      [JSON.stringify({ ...written, ports: { router: 0 } }), "ports.router"],
      [JSON.stringify({ ...written, stack: "other" }), 'is the record of stack "other"'],
    ];
    for (const [text, problem] of cases) {
      writeFileSync(path, text);
      const read = (): unknown => stackRecords(folder).read("phase2");
      expect.soft(read).toThrow(RecordError);
      expect.soft(read).toThrow(problem);
      expect.soft(read).toThrow(path);
      expect.soft(read).not.toThrow(written.sessionSecret);
    }
  });

  it("are never looked for outside of their folder", () => {
    for (const name of ["../x", "a/b", "", ".x"]) {
      expect(() => stackRecords(folder).file(name)).toThrow(
        `stack ${JSON.stringify(name)}: not a name`,
      );
    }
  });
});

describe("newStackRecord", () => {
  it("returns valid arguments with a new key, and writes nothing", async () => {
    const [one, other] = [await record(), await record()];
    expect(() => checkStackArgs(recordArgs(one))).not.toThrow();
    expect(one).toMatchObject({
      topology: "phase2",
      replicas: 3,
      revision: "1",
      graceS: 10,
      redis: "up",
    });
    expect(one.sessionSecret).not.toBe(other.sessionSecret);
    expect(one.ledgerDir).toMatch(/\/\.sse-lab\/ledgers\/phase2$/);
    expect(existsSync(folder)).toBe(false);
  });

  it("gives each instance that stays its port when there are more or fewer", async () => {
    const { ports } = await record();
    const more = await portsForReplicas(ports, 5);
    expect(more.instances).toHaveLength(5);
    expect(more.instances!.slice(0, 3)).toEqual(ports.instances);
    const all = [more.router, more.dashboard, ...more.instances!];
    expect(new Set(all).size).toBe(all.length);
    expect(await portsForReplicas(more, 2)).toEqual({
      ...more,
      instances: ports.instances!.slice(0, 2),
    });
  });

  it("has its owner by the same start time in every read", () => {
    expect(thisOwner()).toEqual(thisOwner());
    expect(thisOwner()).toMatchObject({
      pid: process.pid,
      startTime: expect.stringMatching(/./) as string,
    });
  });
});

describe("freePorts", () => {
  it("gives different, free ones between 10081 and 32767", async () => {
    const holders: Server[] = [];
    const [held] = (await freePorts(1)) as [number];
    const holder = createServer().listen(held, "127.0.0.1");
    holders.push(holder);
    await new Promise((resolve) => holder.once("listening", resolve));
    const ports = await freePorts(20, [11_111]);
    expect(new Set(ports).size).toBe(20);
    expect(ports).not.toContain(held);
    expect(ports.every((port) => port >= 10_081 && port < 32_768)).toBe(true);
    await new Promise((resolve) => holder.close(resolve));
  });
});
