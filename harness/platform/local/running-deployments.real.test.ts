import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { attach, downAll, findRunning, sweepLeftovers } from "./running-deployments.ts";
import { identityOf, type ProcessIdentity } from "../../../common/processes/process-identity.ts";
import { createTestLab, processesOf, type TestLab } from "./test-support/test-lab.ts";

let lab: TestLab;
beforeEach(() => {
  lab = createTestLab();
});
afterEach(async () => {
  await downAll(lab.stateDir);
  await lab.close();
});

const stateOf = (id: string): string => join(lab.stateDir, `${id}.json`);
const setOwner = (id: string, owner: ProcessIdentity): void => {
  const state = JSON.parse(readFileSync(stateOf(id), "utf8")) as object;
  writeFileSync(stateOf(id), JSON.stringify({ ...state, owner }));
};

test("of two commands that attach at once, one gets the deployment and the other an error", async () => {
  const deployment = await lab.up("phase0");
  await deployment.detach();
  const both = await Promise.allSettled([1, 2].map(() => attach(deployment.id, {}, lab.stateDir)));
  const got = both.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(got).toHaveLength(1);
  const refused = both.find((one) => one.status === "rejected");
  expect(String(refused?.reason)).toContain(
    `${deployment.id} is being changed by process ${process.pid}. Fix: wait for it or end it`,
  );
  // A `down` now would miss the processes that the owner starts later.
  expect(await downAll(lab.stateDir)).toMatchObject({ owned: [deployment.id], swept: [] });
  expect(await sweepLeftovers(lab.stateDir)).toMatchObject({ owned: [deployment.id], swept: [] });
  expect((await findRunning(lab.stateDir)).map(({ id }) => id)).toEqual([deployment.id]);

  await got[0]?.control.kill("server-1");
  await got[0]?.control.start("server-1");
  await got[0]?.detach();
  const again = await attach(deployment.id, {}, lab.stateDir);
  await again.detach();
  expect((await downAll(lab.stateDir)).swept).toEqual([{ id: deployment.id, what: "2 processes" }]);
  expect(processesOf(lab.folder)).toEqual([]);
});

test("another process owns a deployment as long as it lives", async () => {
  const deployment = await lab.up("phase0");
  await deployment.detach();
  const other = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    setOwner(deployment.id, identityOf(other.pid ?? 0)!);
    await expect(attach(deployment.id, {}, lab.stateDir)).rejects.toThrow(
      `${deployment.id} is being changed by process ${other.pid}. Fix: wait for it or end it`,
    );
    expect((await downAll(lab.stateDir)).owned).toEqual([deployment.id]);
  } finally {
    other.kill("SIGKILL");
    await once(other, "exit");
  }
  const attached = await attach(deployment.id, {}, lab.stateDir);
  await attached.down();
  expect(lab.stateFiles()).toEqual([]);
});

test("of two deployments of one topology detached at once, one stays and the other is removed", async () => {
  const [one, other] = await Promise.all([lab.up("phase0"), lab.up("phase0")]);
  const released = await Promise.allSettled([one.detach(), other.detach()]);
  const running = await findRunning(lab.stateDir);
  expect(running).toHaveLength(1);
  const [stays, goes] = running[0]?.id === one.id ? [one, other] : [other, one];
  const refused = released.find((result) => result.status === "rejected");
  expect(String(refused?.reason)).toContain(
    `phase0 is up already as ${stays.id}; ${goes.id} was taken down again`,
  );
  expect(released.filter((result) => result.status === "rejected")).toHaveLength(1);
  expect(processesOf(goes.workDir)).toEqual([]);
  expect((await fetch(`${stays.url}/readyz`)).status).toBe(200);
  // One of another topology may run beside it.
  const naive = await lab.up("naive", { replicas: 1 });
  await naive.detach();
  expect(await findRunning(lab.stateDir)).toHaveLength(2);
});
