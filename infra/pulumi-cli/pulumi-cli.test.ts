import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkoutLabels } from "../stack/checkout-label.ts";
import { newStackRecord } from "../stack/new-stack-record.ts";
import { recordArgs } from "../stack/record-args.ts";
import { stackRecords } from "../stack/stack-record.ts";
import { stackArgs } from "../test-support/stack-args.ts";
import { TOPOLOGIES } from "../topologies.ts";
import { cliStackArgs, type CliStack } from "./cli-stack.ts";
import { dockerEndpoint } from "../../common/docker-endpoint.ts";
import { readStackConfig } from "./stack-config.ts";
import { UserError } from "../../common/user-error.ts";
import { thisOwner } from "../../common/processes/owner.ts";
import { fromRoot, PROJECT_ROOT } from "../../common/paths.ts";

const topologyOf = (name: string) => TOPOLOGIES.find((one) => one.name === name)!;
const phase2 = topologyOf("phase2");
const { images } = stackArgs(phase2);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cliStack = (
  change: Partial<CliStack> = {},
): Promise<Awaited<ReturnType<typeof cliStackArgs>>> =>
  cliStackArgs({
    stack: "phase2",
    config: { topology: "phase2" },
    dryRun: false,
    prepareImages: () => Promise.resolve(images),
    recordsDir: folder,
    ...change,
  });

/** As `make phase2` leaves it, but with its ledgers in the test's folder. */
const recorded = async (kept = true, owner = thisOwner()) => {
  const record = await newStackRecord({
    stack: "phase2",
    topology: phase2,
    images,
    labels: checkoutLabels(),
    kept,
    owner,
    revision: "r4",
    ledgerDir: join(folder, "ledger"),
  });
  stackRecords(folder).write(record);
  return record;
};

describe("the stack of the Pulumi CLI", () => {
  it("is new if none is on record, and a preview writes nothing", async () => {
    const args = await cliStack({ dryRun: true });
    expect(args).toMatchObject({
      stack: "phase2",
      replicas: 3,
      revision: "1",
      graceS: 10,
      redis: "up",
      images,
    });
    expect(args.labels).toEqual({
      "sse-lab.checkout": expect.stringMatching(/^[0-9a-f]{12}$/) as string,
      "sse-lab.folder": PROJECT_ROOT,
    });
    expect(stackRecords(folder).read("phase2")).toBe(undefined);
  });

  it("continues what the lab recorded, to the last value", async () => {
    const record = await recorded();
    expect(await cliStack()).toEqual(recordArgs(record));
    expect(stackRecords(folder).read("phase2")).toEqual(record);
    expect(existsSync(join(folder, "ledger"))).toBe(true);
  });

  it("follows the configuration, and records it", async () => {
    const record = await recorded();
    const config = {
      topology: "phase2",
      replicas: 4,
      revision: "r5",
      graceS: 0,
      redis: "stopped",
    } as const;
    const args = await cliStack({ config });
    expect(args).toMatchObject({ replicas: 4, revision: "r5", graceS: 0, redis: "stopped" });
    expect(args.ports.instances!.slice(0, 3)).toEqual(record.ports.instances);
    expect(stackRecords(folder).read("phase2")).toMatchObject({
      ...config,
      sessionSecret: record.sessionSecret,
    });
  });

  it("uses the images that the configuration names instead of preparing them", async () => {
    await recorded();
    const [serverImage, routerImage, brokerImage] = ["a", "b", "c"].map(
      (digit) => `sha256:${digit.repeat(64)}`,
    ) as [string, string, string];
    const prepareImages = (): Promise<never> => Promise.reject(new Error("not to be asked"));
    const config = { topology: "phase2", serverImage, routerImage, brokerImage } as const;
    expect((await cliStack({ config, prepareImages })).images).toEqual({
      server: serverImage,
      router: routerImage,
      broker: brokerImage,
    });
    expect((await cliStack({ config: { topology: "phase2", serverImage } })).images).toEqual({
      ...images,
      server: serverImage,
    });
  });

  it("is refused when it is another topology's, or a running command's, or invalid", async () => {
    await recorded();
    await expect(cliStack({ config: { topology: "naive" } })).rejects.toThrow(
      'stack "phase2" is up as phase2, its configuration says naive',
    );
    await expect(cliStack({ config: { topology: "phase2", replicas: 99 } })).rejects.toThrow(
      "replicas 99: out of range",
    );
    await recorded(false);
    await expect(cliStack()).rejects.toThrow(
      `belongs to a command of the lab (process ${process.pid})`,
    );
  });
});

describe("the Realtime of a stack of the Pulumi CLI", () => {
  const phase3 = topologyOf("phase3");
  const images3 = stackArgs(phase3).images;
  const secret = "x".repeat(40);
  const hosted = {
    realtimeUrl: "https://abc.supabase.co/realtime/v1",
    realtimeKey: "a-service-key",
    realtimeJwtSecret: secret,
  };
  const asked: unknown[] = [];
  const phase3Stack = (config: object = {}): ReturnType<typeof cliStack> =>
    cliStack({
      stack: "phase3",
      config: { topology: "phase3", ...config },
      prepareImages: (_, realtime) => {
        asked.push(realtime);
        return Promise.resolve(images3);
      },
    });

  it("gets new keys, which stay when a setting changes", async () => {
    const first = await phase3Stack({ realtimePlan: "free", catchUp: true });
    expect(first.realtime).toMatchObject({
      by: "standin",
      plan: "free",
      publish: "http",
      catchUp: true,
    });
    expect(first.ports.realtime).toBeGreaterThan(10_000);
    expect(asked.splice(0)).toEqual([{ plan: "free", publish: "http", catchUp: true }]);
    const second = await phase3Stack({ realtimePublish: "websocket", catchUp: false });
    expect(second).toEqual({
      ...first,
      realtime: { ...first.realtime, publish: "websocket", catchUp: false },
    });
    const other = await phase3Stack({ realtimeJwtSecret: secret });
    if (other.realtime?.by !== "standin" || first.realtime?.by !== "standin")
      throw new Error("not its own");
    expect(other.realtime.keys.jwtSecret).toBe(secret);
    expect(other.realtime.keys.serviceKey).not.toBe(first.realtime.keys.serviceKey);
    expect(other.realtime.keys.databasePassword).toBe(first.realtime.keys.databasePassword);
  });

  it("is a hosted one by address and keys, for which no image is prepared and no port taken", async () => {
    asked.length = 0;
    await phase3Stack();
    const args = await phase3Stack(hosted);
    const settings = {
      plan: "none",
      publish: "http",
      catchUp: false,
      hosted: { url: hosted.realtimeUrl, serviceKey: "a-service-key", jwtSecret: secret },
    };
    expect(args.realtime).toEqual({ by: "hosted", ...settings });
    expect(args.ports.realtime).toBeUndefined();
    expect(asked).toEqual([{ plan: "none", publish: "http", catchUp: false }, settings]);
  });

  it("is refused if incomplete or not in the topology, without showing a secret", async () => {
    await expect(phase3Stack({ realtimeKey: "a-service-key" })).rejects.toThrow(
      "name it (pulumi config set realtimeUrl",
    );
    await expect(phase3Stack({ realtimeUrl: hosted.realtimeUrl })).rejects.toThrow(
      "realtimeUrl goes with realtimeKey",
    );
    await expect(cliStack({ config: { topology: "phase2", catchUp: true } })).rejects.toThrow(
      "catchUp: phase2 has no Realtime; pulumi config rm catchUp",
    );
    const short = phase3Stack({ realtimeJwtSecret: "hunter2" });
    await expect(short).rejects.toThrow("the JWT secret of Realtime has 7 characters");
    await expect(short).rejects.not.toThrow("hunter2");
  });
});

describe("the owner of a stack of the Pulumi CLI", () => {
  /** Start time as the process reads its own, from a process that lives until `end`. */
  const other = async () => {
    const child = spawn(process.execPath, [
      "--import",
      "tsx",
      "-e",
      `import(${JSON.stringify(fromRoot("common", "processes", "owner.ts"))}).then(({ thisOwner }) => ` +
        "console.log(JSON.stringify(thisOwner()))); process.stdin.resume();",
    ]);
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const owner = JSON.parse(line.toString()) as ReturnType<typeof thisOwner>;
    const end = async (): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    };
    return { owner, end };
  };

  it("is this process from then on, except in a preview", async () => {
    const owner = { ...thisOwner(), startTime: `${thisOwner().startTime} released` };
    const record = await recorded(true, owner);
    await cliStack({ dryRun: true });
    expect(stackRecords(folder).read("phase2")).toEqual(record);
    await cliStack();
    expect(stackRecords(folder).read("phase2")).toEqual({ ...record, owner: thisOwner() });
    expect(readdirSync(folder).sort()).toEqual(["ledger", "phase2.json"]);
  });

  it("is named while it lives, and replaced once it is dead", async () => {
    const { owner, end } = await other();
    try {
      const record = await recorded(true, owner);
      const refusal = `stack "phase2" is being changed by process ${owner.pid}: wait for it or end it`;
      await expect(cliStack()).rejects.toThrow(refusal);
      await expect(cliStack({ dryRun: true })).rejects.toThrow(refusal);
      expect(stackRecords(folder).read("phase2")).toEqual(record);
      await end();
      await cliStack();
      expect(stackRecords(folder).read("phase2")).toEqual({ ...record, owner: thisOwner() });
    } finally {
      await end();
    }
  });

  it("is refused if it appears while images are prepared", async () => {
    await recorded();
    const { owner, end } = await other();
    try {
      const prepareImages = async () => {
        await recorded(true, owner);
        return images;
      };
      await expect(cliStack({ prepareImages })).rejects.toThrow(`by process ${owner.pid}`);
    } finally {
      await end();
    }
  });
});

describe("readStackConfig", () => {
  const read = (config: Record<string, string>) => readStackConfig(config, "sse-scaling-lab");

  it("reads the keys of this project and leaves those of others alone", () => {
    const config = {
      "sse-scaling-lab:topology": "phase1",
      "sse-scaling-lab:replicas": "5",
      "sse-scaling-lab:graceS": "0",
      "docker:host": "unix:///x",
    };
    expect(read(config)).toEqual({ topology: "phase1", replicas: 5, graceS: 0 });
  });

  it("refuses every unknown key and every invalid value, by name", () => {
    const bad = {
      "sse-scaling-lab:topologie": "phase1",
      "sse-scaling-lab:replicas": "three",
      "sse-scaling-lab:redis": "maybe",
    };
    expect(() => read(bad)).toThrow(UserError);
    for (const problem of [
      "sse-scaling-lab:topologie is not known",
      "sse-scaling-lab:topology is missing",
      'sse-scaling-lab:replicas "three" is invalid',
      'sse-scaling-lab:redis "maybe" is invalid: give up or stopped',
    ]) {
      expect.soft(() => read(bad)).toThrow(problem);
    }
  });

  it.each(TOPOLOGIES.map(({ name }) => name))("accepts Pulumi.%s.yaml", (name) => {
    const file = join(import.meta.dirname, `../../Pulumi.${name}.yaml`);
    const { config, encryptionsalt } = parse(readFileSync(file, "utf8")) as {
      config: Record<string, string>;
      encryptionsalt: string;
    };
    expect(read(config)).toEqual({ topology: name });
    expect(encryptionsalt).toMatch(/^v1:/);
  });
});

describe("dockerEndpoint", () => {
  it("is DOCKER_HOST where that is set, else the default where there is no docker command", async () => {
    expect((await dockerEndpoint({ DOCKER_HOST: "unix:///run/x.sock" })).host).toBe(
      "unix:///run/x.sock",
    );
    expect((await dockerEndpoint({ PATH: "/nowhere" })).host).toBe("unix:///var/run/docker.sock");
  });
});
