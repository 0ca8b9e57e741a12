/** The next command works after a kill, a race for one name, or the loss of the engine. */
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { connectDocker } from "../../../infra/engine/docker-client.ts";
import { thisOwner } from "../../../common/processes/owner.ts";
import {
  copyCheckout,
  type CheckoutCopy,
  type RunningCommand,
} from "./test-support/checkout-copy.ts";

let copy: CheckoutCopy;
beforeEach(async () => {
  copy = await copyCheckout();
});
afterEach(() => copy.remove());

const kill = async (command: RunningCommand): Promise<void> => {
  const ended = once(command.process, "exit");
  command.process.kill("SIGKILL");
  await ended;
};

const get = async (url: string): Promise<number> => (await fetch(`${url}/readyz`)).status;

test("after kill -9 of an up, a sweep removes everything, even if Pulumi still runs", async () => {
  const up = copy.run("up", ["phase0"]);
  await up.said(/^server-1: creating/);
  await kill(up);
  expect(await copy.left()).not.toEqual([]);
  const answer = await copy.run("sweep").answer;
  expect(answer).toMatchObject({
    report: {
      swept: [{ what: expect.stringMatching(/network/) as string }],
      kept: [],
      owned: [],
      problems: [],
    },
  });
  expect(await copy.left()).toEqual([]);
  // There is nothing to sweep now.
  expect(await copy.run("sweep").answer).toMatchObject({ report: { swept: [], problems: [] } });
});

test("a living command owns its stack; after a kill another up replaces it", async () => {
  const first = copy.run("up", ["phase0", "phase0"]);
  expect(await first.answer).toMatchObject({ up: { id: "phase0" } });
  expect(await copy.run("down").answer).toMatchObject({
    report: { swept: [], owned: ["phase0"], problems: [] },
  });
  const refused = await copy.run("keep", ["phase0", "phase0"]).answer;
  expect(refused).toMatchObject({
    error: expect.stringMatching(/phase0 is being brought up by process \d+/) as string,
  });
  await kill(first);

  const second = copy.run("keep", ["phase0", "phase0"]);
  const up = await second.answer;
  expect(second.steps).toContain("removing what a killed command left of phase0");
  await once(second.process, "exit");
  if (!("up" in up)) throw new Error(JSON.stringify(up));
  expect(await get(up.up.url)).toBe(200);
  expect(await copy.run("sweep").answer).toMatchObject({ report: { swept: [], kept: ["phase0"] } });
  expect(await copy.run("keep", ["phase0", "phase0"]).answer).toMatchObject({
    error: expect.stringMatching(/phase0 is up already/) as string,
  });

  // Killed in the middle of a deploy: the old container is gone, the new one is not in the state.
  const deploy = copy.run("deploy", ["phase0"]);
  await deploy.said(/^waiting for server-1/);
  await kill(deploy);

  // Without a server, but with the rest running, the stack still counts as running.
  const { docker } = await connectDocker();
  await docker
    .getContainer("phase0-server-1")
    .kill()
    .catch(() => undefined);
  expect(await copy.run("sweep").answer).toMatchObject({ report: { swept: [], kept: ["phase0"] } });

  // No other command may touch a stack that a living process owns.
  const path = join(copy.folder, "infra/state/stacks/phase0.json");
  const record = JSON.parse(readFileSync(path, "utf8")) as StackRecord;
  writeFileSync(path, JSON.stringify({ ...record, owner: thisOwner() }));
  expect(await copy.run("down").answer).toMatchObject({ report: { swept: [], owned: ["phase0"] } });
  expect(await copy.run("deploy", ["phase0"]).answer).toMatchObject({
    error: expect.stringContaining(`phase0 is being changed by process ${process.pid}`) as string,
  });
  expect(await copy.run("running").answer).toMatchObject({ running: [{ id: "phase0" }] });
  writeFileSync(path, JSON.stringify(record));

  // The lab ignores the passphrase of the user's other projects.
  const again = copy.run("deploy", ["phase0"], { PULUMI_CONFIG_PASSPHRASE: "of other projects" });
  expect(await again.answer).toEqual({ deployed: ["server-1 started", "server-1 ended"] });
  expect(again.steps.join("\n")).toMatch(/recovering phase0: an update was killed half-way/);
  expect(await get(up.up.url)).toBe(200);

  // With another passphrase a deploy fails, but down still works.
  const env = { SSE_LAB_PULUMI_PASSPHRASE: "another" };
  expect(await copy.run("deploy", ["phase0"], env).answer).toMatchObject({
    error: expect.stringMatching(
      /the passphrase of phase0 is not the one .* Fix: set SSE_LAB_PULUMI_PASSPHRASE/,
    ) as string,
  });
  expect(await copy.run("down", [], env).answer).toMatchObject({
    report: {
      swept: [
        {
          id: "phase0",
          what: expect.stringMatching(/3 containers, 1 network, 1 volume/) as string,
        },
      ],
      problems: [],
    },
  });
  expect(await copy.left()).toEqual([]);
});

test("of two concurrent ups one gets the name and the other an error", async () => {
  const answers = await Promise.all(
    [1, 2].map(() => copy.run("keep", ["phase0", "phase0"]).answer),
  );
  expect(answers.filter((answer) => "up" in answer)).toHaveLength(1);
  const other = answers.find((answer) => "error" in answer);
  expect(other).toMatchObject({
    error: expect.stringMatching(
      /phase0 is (being brought up by process \d+|up already)/,
    ) as string,
  });
  const found = await copy.run("running").answer;
  if (!("running" in found)) throw new Error(JSON.stringify(found));
  expect(found.running).toMatchObject([
    { id: "phase0", platform: "docker", instances: ["server-1"] },
  ]);
  expect(await get(found.running[0]?.url ?? "")).toBe(200);

  // After the loss of its record, its labels still identify it.
  const record = join(copy.folder, "infra/state/stacks/phase0.json");
  expect(readFileSync(record, "utf8")).toContain('"kept": true');
  rmSync(record);
  expect(await copy.run("down").answer).toMatchObject({
    report: { swept: [{ id: "phase0" }], problems: [] },
  });
  expect(await copy.left()).toEqual([]);
});

let engines = 0;
/** A proxy to the engine that can be cut off. */
const engineThatCanGo = async (): Promise<{ host: string; go: () => void }> => {
  engines += 1;
  const path = join(tmpdir(), `sse-lab-engine-${process.pid}-${engines}.sock`);
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect("/var/run/docker.sock");
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(path);
  await once(server, "listening");
  const go = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { host: `unix://${path}`, go };
};

test("losing the engine during an up is a clear error, and a sweep removes the rest", async () => {
  const engine = await engineThatCanGo();
  try {
    const up = copy.run("up", ["phase0"], { DOCKER_HOST: engine.host });
    await up.said(/^server-1: creating/);
    engine.go();
    expect(await up.answer).toMatchObject({
      error: expect.stringMatching(
        /the Docker engine went away while .* Fix: start it again/,
      ) as string,
    });
    up.process.kill("SIGKILL");
    expect(await copy.left()).not.toEqual([]);
    expect(await copy.run("sweep", [], { DOCKER_HOST: engine.host }).answer).toMatchObject({
      report: {
        swept: [],
        problems: [expect.stringMatching(/no Docker engine answers/) as string],
      },
    });
    expect(await copy.run("sweep").answer).toMatchObject({ report: { swept: [{}], problems: [] } });
    expect(await copy.left()).toEqual([]);
  } finally {
    engine.go();
  }
});

test("losing the engine during a deploy is a clear error, and down removes the stack", async () => {
  const engine = await engineThatCanGo();
  const env = { DOCKER_HOST: engine.host };
  try {
    expect(await copy.run("keep", ["phase0", "phase0"], env).answer).toMatchObject({
      up: { id: "phase0" },
    });
    const deploy = copy.run("deploy", ["phase0"], env);
    await deploy.said(/^replacing server-1/);
    engine.go();
    expect(await deploy.answer).toMatchObject({
      error: expect.stringMatching(
        /the Docker engine went away while phase0 .* Fix: start it again/,
      ) as string,
    });
    expect(deploy.steps).toContain(
      "lost the connection to the Docker engine: the state of its containers is unknown",
    );
    deploy.process.kill("SIGKILL");
    expect(await copy.run("down").answer).toMatchObject({
      report: { swept: [{ id: "phase0" }], problems: [] },
    });
    expect(await copy.left()).toEqual([]);
  } finally {
    engine.go();
  }
});
