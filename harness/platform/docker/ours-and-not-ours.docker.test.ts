/** Checkouts that share an engine or a path, and engines that share a checkout. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromRoot } from "../../../common/paths.ts";
import { NAMESPACES, permits } from "../../../common/test-support/namespaces.ts";
import { waitFor } from "../../../common/wait-for.ts";
import { connectDocker } from "../../../infra/engine/docker-client.ts";
import { checkoutAt, copyCheckout, type CheckoutCopy } from "./test-support/checkout-copy.ts";

/** Other files run beside this one, on the same engine. */
const STACK = "ours";

let copy: CheckoutCopy;
/** All but the last two tests leave it up, so they share it. */
let up: { id: string; url: string; workDir: string };
const bringUp = async (): Promise<void> => {
  const answer = await copy.run("keep", ["phase0", STACK]).answer;
  if (!("up" in answer)) throw new Error(JSON.stringify(answer));
  ({ up } = answer);
};
beforeAll(async () => {
  copy = await copyCheckout();
  await bringUp();
});
afterAll(() => copy.remove());

const expectUp = async (): Promise<void> => {
  expect((await fetch(`${up.url}/readyz`)).status).toBe(200);
  expect(existsSync(join(up.workDir, "ledger"))).toBe(true);
  expect(await copy.run("running").answer).toMatchObject({ running: [{ id: STACK }] });
};

test("a copy of the checkout touches nothing of its original", async () => {
  const folder = `${copy.folder}-copy`;
  execFileSync("cp", ["-a", copy.folder, folder]);
  const other = checkoutAt(folder, copy.command);
  try {
    for (const command of ["sweep", "down"] as const) {
      expect(await other.run(command).answer).toMatchObject({
        report: { swept: [], foreign: [{ id: STACK }], problems: [] },
      });
    }
    expect(await other.run("keep", ["phase0", STACK]).answer).toMatchObject({
      error: expect.stringMatching(
        /another checkout of the lab \([0-9a-f]{12}, then at /,
      ) as string,
    });
    await expectUp();
  } finally {
    await other.remove();
  }
});

test.runIf(permits("mounts"))(
  "a container with another checkout at the same path touches nothing of this one",
  async () => {
    const other = await copyCheckout();
    try {
      const mount = `mount --bind ${other.folder} ${copy.folder} && cd ${copy.folder} && exec "$@"`;
      const command = [process.execPath, other.command, "down"];
      const said = execFileSync(
        "unshare",
        [...NAMESPACES.mounts, "sh", "-c", mount, "sh", ...command],
        { encoding: "utf8" },
      );
      expect(JSON.parse(said.trim().split("\n").at(-1) ?? "")).toMatchObject({
        answer: { report: { swept: [], problems: [] } },
      });
      await expectUp();
    } finally {
      await other.remove();
    }
  },
);

/**
 * A second engine, without a network. With `--bridge=none` an engine removes docker0, so it gets a
 * network namespace in which no other engine's bridge is.
 */
const startEngine = async (folder: string): Promise<{ engine: ChildProcess; host: string }> => {
  const host = `unix://${join(folder, "engine.sock")}`;
  const at = (name: string) => join(folder, name);
  const flags = ["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"];
  const folders = [`--data-root=${at("data")}`, `--exec-root=${at("exec")}`];
  const command = ["dockerd", `-H=${host}`, ...folders, `--pidfile=${at("pid")}`, ...flags];
  const engine = spawn("unshare", ["--net", ...command], { stdio: "ignore" });
  await waitFor({
    name: "a second engine",
    timeoutMs: 60_000,
    condition: () => connectDocker({ ...process.env, DOCKER_HOST: host }).then(() => true),
  });
  return { engine, host };
};

test.runIf(process.getuid?.() === 0)(
  "with DOCKER_HOST at another engine, a stack and its record are left alone",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "sse-lab-engine-"));
    const { engine, host } = await startEngine(folder);
    try {
      const env = { DOCKER_HOST: host };
      for (const command of ["sweep", "down"] as const) {
        expect(await copy.run(command, [], env).answer).toMatchObject({
          report: {
            swept: [],
            foreign: [
              { id: STACK, why: expect.stringMatching(/^another Docker engine/) as string },
            ],
            problems: [],
          },
        });
      }
      expect(await copy.run("running", [], env).answer).toEqual({ running: [] });
      await expectUp();
    } finally {
      engine.kill("SIGTERM");
      await once(engine, "exit");
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test("a renamed checkout finds its stack, deploys over it and removes it", async () => {
  const { folder } = copy;
  const renamed = checkoutAt(`${folder}-renamed`, copy.command);
  renameSync(folder, renamed.folder);
  copy = renamed;
  expect(await copy.run("sweep").answer).toMatchObject({ report: { swept: [], kept: [STACK] } });
  expect(await copy.run("deploy", [STACK]).answer).toMatchObject({
    deployed: ["server-1 started", "server-1 ended"],
  });
  expect((await fetch(`${up.url}/readyz`)).status).toBe(200);
  expect(existsSync(folder)).toBe(false);
  expect(await copy.run("down").answer).toMatchObject({
    report: { swept: [{ id: STACK }], problems: [] },
  });
  expect(await copy.left()).toEqual([]);
  expect(existsSync(join(up.workDir.replace(folder, copy.folder), "ledger"))).toBe(false);
});

test("down removes a stack while node_modules is missing", async () => {
  await bringUp();
  const lab = join(copy.folder, "harness/cli/sse-lab.mjs");
  const modules = join(copy.folder, "node_modules");
  execFileSync(process.execPath, [lab, "--help"]);
  unlinkSync(modules);
  try {
    const said = execFileSync(process.execPath, [lab, "down"], { encoding: "utf8" });
    expect(said).toMatch(/removed ours \(3 containers, 1 network, 1 volume\)/);
  } finally {
    symlinkSync(fromRoot("node_modules"), modules);
  }
  expect(await copy.left()).toEqual([]);
});
