/** A deployment that is up is loaded, disturbed and left as one that a run starts itself. */
import { appendFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import { localDependencies } from "../local/local-dependencies.ts";
import { createLocalPlatform } from "../local/local-platform.ts";
import { downAll } from "../local/running-deployments.ts";
import { createTestLab, type TestLab } from "../local/test-support/test-lab.ts";
import type { Deployment, FoundDeployment, UpOptions } from "../platform.ts";
import { attachedPlatform } from "./attached-platform.ts";

let lab: TestLab;
beforeEach(() => {
  lab = createTestLab();
});
afterEach(async () => {
  await downAll(lab.stateDir);
  await lab.close();
});

const bringUp = async (name: "phase1" | "phase2", replicas: number): Promise<FoundDeployment> => {
  await (await lab.up(name, { replicas, relays: true })).detach();
  const platform = createLocalPlatform({ ...localDependencies, stateDir: lab.stateDir });
  const [deployment] = await platform.findRunning();
  if (!deployment) throw new Error(`${name} is not up`);
  return { deployment, platform };
};

/** Its reports go to `reports`, and what it cannot bring back to `said`. */
const attachTo = async (found: FoundDeployment, signal = new AbortController().signal) => {
  const [reports, said] = [new Array<string>(), new Array<string>()];
  const platform = attachedPlatform(found, (line) => void said.push(line));
  const options: UpOptions = {
    topology: TOPOLOGIES.find(({ name }) => name === found.deployment.topology)!,
    replicas: found.deployment.instances.length,
    redis: "up",
    workDir: lab.workDir("unused"),
    onInstance: (instance, state) => void reports.push(`${instance} ${state}`),
    onComponentExit: (component) => void reports.push(`exit of ${component}`),
    signal,
  };
  return { platform, deployment: await platform.up(options), reports, said };
};

const pidOf = (deployment: Deployment, instance: string): Promise<number> =>
  deployment
    .ledgers()
    .then((files) =>
      Number(files.find((one) => one.instance === instance)?.path.match(/\.(\d+)\./)?.[1]),
    );
const answers = async (urls: readonly string[]): Promise<number[]> =>
  Promise.all(urls.map(async (url) => (await fetch(`${url}/readyz`)).status));

test("the record names its settings, and the run says what it was attached to", async () => {
  const found = await bringUp("phase1", 2);
  expect(found.deployment.settings).toMatchObject({
    redis: "up",
    servers: { RETRY_MS: "1000", HEARTBEAT_MS: "15000", NODE_ENV: "production" },
  });
  expect(JSON.stringify(found.deployment.settings)).not.toMatch(/SECRET|PORT/);
  const { platform, deployment, reports } = await attachTo(found);
  expect(platform.settings).toMatchObject({
    RETRY_MS: "1000",
    attached: `${found.deployment.id}, up since ${found.deployment.startedAt}`,
  });
  expect(deployment.attached?.join(" ")).toMatch(/attached to phase1-.*through a relay of the lab/);
  expect(deployment.versions).toMatchObject({ node: process.versions.node });
  expect(reports).toEqual(["server-1 ready", "server-2 ready"]);
  await deployment.down();
});

test("an instance that ends by itself is reported, and comes back after the run", async () => {
  const found = await bringUp("phase1", 2);
  const { deployment, reports } = await attachTo(found);
  process.kill(await pidOf(deployment, "server-2"), "SIGKILL");
  await vi.waitFor(() => expect(reports).toContain("server-2 killed"), 5_000);
  await deployment.down();
  const { url, instanceUrls } = found.deployment;
  expect(await answers([url, ...Object.values(instanceUrls)])).toEqual([200, 200, 200]);

  // The next run is told nothing of what the one before saw, and the other way round.
  const next = await attachTo(found);
  await next.deployment.control.kill("server-1");
  await next.deployment.down();
  expect(next.reports).toEqual(["server-1 ready", "server-2 ready", "server-1 killed"]);
  expect(reports).toEqual(["server-1 ready", "server-2 ready", "server-2 killed"]);
  expect(await answers(Object.values(instanceUrls))).toEqual([200, 200]);
});

test("ledgers of processes that ended before do not count, and a torn one is theirs", async () => {
  const found = await bringUp("phase1", 2);
  const first = await attachTo(found);
  const [before] = await first.deployment.ledgers();
  expect(before).toMatchObject({ instance: "server-1", sinceMs: expect.any(Number) as number });
  await first.deployment.control.kill("server-1");
  appendFileSync(before!.path, '{"kind":"publ');
  await first.deployment.control.start("server-1");
  const named = (await first.deployment.ledgers()).map(({ instance }) => instance);
  expect(named).toEqual(["server-1", "server-1", "server-2"]);
  await first.deployment.down();

  const second = await attachTo(found);
  const files = await second.deployment.ledgers();
  expect(files.map(({ instance }) => instance)).toEqual(["server-1", "server-2"]);
  expect(files.map(({ path }) => path)).not.toContain(before!.path);
  await second.deployment.control.kill("server-1");
  await second.deployment.control.start("server-1");
  const after = await second.deployment.ledgers();
  expect(after.map(({ instance, sinceMs }) => [instance, sinceMs !== undefined])).toEqual(
    expect.arrayContaining([
      ["server-1", true],
      ["server-1", false],
      ["server-2", true],
    ]),
  );
  await second.deployment.down();
});

test("a run that is told to stop in the middle of bounces leaves all of it running", async () => {
  const found = await bringUp("phase2", 2);
  const stop = new AbortController();
  const { deployment, said } = await attachTo(found, stop.signal);
  await deployment.links?.cut("server-1", "redis");
  await deployment.control.pause("server-1");
  await deployment.control.kill("server-2");
  await deployment.broker?.kill();
  await deployment.router.kill();
  stop.abort(new Error("enough"));
  await deployment.down();
  expect(said.filter((line) => line.includes("did not come back"))).toEqual([]);
  const { url, instanceUrls } = found.deployment;
  expect(await answers([url, ...Object.values(instanceUrls)])).toEqual([200, 200, 200]);

  const { deployment: again, reports } = await attachTo(found);
  expect(again.broker).toBeDefined();
  await again.down();
  expect(reports).toEqual(["server-1 ready", "server-2 ready"]);
});

test("a deployment of which a part does not answer is not loaded", async () => {
  const found = await bringUp("phase1", 2);
  const { deployment } = await attachTo(found);
  const pid = await pidOf(deployment, "server-1");
  await deployment.detach();
  process.kill(pid, "SIGKILL");
  // Until its next check, the router may still send requests there.
  await expect(attachTo(found)).rejects.toThrow(
    /phase1: it is up on local, but (the router at .* and )?server-1 at http:\S+ do(es)? not answer; remove/,
  );
  // The refusal did not keep it: any command can change it now.
  const attached = await found.platform.attach(found.deployment.id, {});
  await attached.down();
});
