import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Deploy } from "../../platform.ts";
import { routerStatus } from "../../router-status.ts";
import { createTestLab, type TestLab } from "../test-support/test-lab.ts";
import type { LocalDeployment } from "../local-deployment.ts";

let lab: TestLab;
beforeEach(() => {
  lab = createTestLab();
});
afterEach(() => lab.close());

/** Deploys, and collects the reports of the deploy and of the instances in order. */
const deployOver = async (
  { control }: LocalDeployment,
  deploy: Pick<Deploy, "strategy" | "graceMs">,
): Promise<string[]> => {
  lab.reports.length = 0;
  const times: number[] = [];
  await control.deploy({
    ...deploy,
    onReplace: (instance, state, atMs) => {
      times.push(atMs);
      lab.reports.push(`replace ${instance} ${state}`);
    },
  });
  expect(times).toEqual([...times].sort((a, b) => a - b));
  return lab.reports;
};

/** Of the process that wrote the instance's newest ledger. */
const pidOf = async (deployment: LocalDeployment, instance: string): Promise<number> => {
  const newest = (await deployment.ledgers()).findLast((one) => one.instance === instance);
  return Number.parseInt(newest?.path.match(/\.(\d+)\.ndjson$/)?.[1] ?? "", 10);
};

describe.each(["phase1", "phase1-header"] as const)("a deploy over %s", (topology) => {
  it("replaces one instance at a time if it rolls, each with traffic before the next stops", async () => {
    const deployment = await lab.up(topology, { replicas: 2 });
    const opsUrl = new URL(deployment.dashboardUrl).origin;
    const servers = Object.entries(deployment.instanceUrls).map(([name, url]) => ({ name, url }));
    const kind = topology === "phase1" ? "traefik" : "haproxy";
    let before: Promise<Map<string, string>> | undefined;
    const { control } = deployment;
    lab.reports.length = 0;
    await control.deploy({
      strategy: "rolling",
      graceMs: 10_000,
      onReplace: (instance, state) => {
        lab.reports.push(`replace ${instance} ${state}`);
        if (instance === "server-2" && state === "started")
          before = routerStatus(kind, opsUrl, servers, AbortSignal.timeout(2000));
      },
    });
    expect(lab.reports).toEqual(
      ["server-1", "server-2"].flatMap((name) => [
        `replace ${name} started`,
        `${name} not-ready`,
        `${name} stopped`,
        `${name} started`,
        `${name} ready`,
        `replace ${name} ended`,
      ]),
    );
    expect((await before)?.get("server-1")).toBe("UP");
    // One process each before the deploy, and one after it.
    expect(await deployment.ledgers()).toHaveLength(4);
  });
});

describe("a deploy", () => {
  it("that recreates stops all before it starts any", async () => {
    const deployment = await lab.up("phase1", { replicas: 2 });
    const reports = await deployOver(deployment, { strategy: "recreate", graceMs: 10_000 });
    const last = (what: string): number => reports.findLastIndex((one) => one.endsWith(what));
    expect(reports.filter((one) => one.startsWith("replace"))).toHaveLength(4);
    expect(reports.filter((one) => one.endsWith(" stopped"))).toHaveLength(2);
    expect(reports.slice(0, 2).sort()).toEqual([
      "replace server-1 started",
      "replace server-2 started",
    ]);
    const starts = reports.filter((one) => /^server-\d started$/.test(one));
    expect(starts).toHaveLength(2);
    expect(last(" stopped")).toBeLessThan(reports.indexOf(starts[0] ?? ""));
  });

  it("without a grace kills at once, and starts again", async () => {
    const deployment = await lab.up("phase1-header", { replicas: 2 });
    const reports = await deployOver(deployment, { strategy: "rolling", graceMs: 0 });
    expect(reports).toEqual(
      ["server-1", "server-2"].flatMap((name) => [
        `replace ${name} started`,
        `${name} killed`,
        `${name} started`,
        `${name} ready`,
        `replace ${name} ended`,
      ]),
    );
  });

  it("kills an instance that is still there after its grace", async () => {
    const deployment = await lab.up("phase0");
    process.kill(await pidOf(deployment, "server-1"), "SIGSTOP");
    const reports = await deployOver(deployment, { strategy: "rolling", graceMs: 200 });
    expect(reports).toEqual([
      "replace server-1 started",
      "server-1 not-ready",
      "server-1 killed",
      "server-1 started",
      "server-1 ready",
      "replace server-1 ended",
    ]);
  });

  it.each(["rolling", "recreate"] as const)(
    "that is %s brings an instance back that had died before, and is no deploy of it",
    async (strategy) => {
      const deployment = await lab.up("phase1", { replicas: 2 });
      await deployment.control.kill("server-1");
      const ended: string[] = [];
      const deploying = deployment.control.deploy({
        strategy,
        graceMs: 10_000,
        onReplace: (instance, state) => {
          if (state === "ended") ended.push(instance);
        },
      });
      await expect(deploying).rejects.toThrow(
        "server-1 was not running when its replacement began: the bounce disturbed nothing of it",
      );
      expect(ended).toEqual(["server-2"]);
      expect((await fetch(`${deployment.instanceUrls["server-1"] ?? ""}/readyz`)).status).toBe(200);
    },
  );

  it("fails with the log of a revision that does not start, and goes no further", async () => {
    const deployment = await lab.up("phase1", { replicas: 2 });
    const program = join(deployment.workDir, "programs", "server.mjs");
    await writeFile(
      program,
      `console.log("reading settings"); throw new Error("no configuration");`,
    );
    lab.reports.length = 0;
    const replaced: string[] = [];
    const deploying = deployment.control.deploy({
      strategy: "rolling",
      graceMs: 10_000,
      onReplace: (instance, state) => replaced.push(`${instance} ${state}`),
    });
    await expect(deploying).rejects.toThrow(
      /server-1 exited meanwhile[^]*reading settings[^]*no configuration/,
    );
    expect(replaced).toEqual(["server-1 started"]);
    expect((await fetch(`${deployment.instanceUrls["server-2"] ?? ""}/readyz`)).status).toBe(200);
  });
});
