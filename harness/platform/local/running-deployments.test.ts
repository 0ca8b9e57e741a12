import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { attach, findRunning } from "./kept-deployments.ts";
import { identityOf, type ProcessIdentity } from "../../../common/process-identity.ts";
import { downAll, sweepLeftovers } from "./sweep-leftovers.ts";
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
const setHolder = (id: string, holder: ProcessIdentity): void => {
  const state = JSON.parse(readFileSync(stateOf(id), "utf8")) as object;
  writeFileSync(stateOf(id), JSON.stringify({ ...state, holder }));
};

test("of two commands that bounce one deployment at once, one gets it and the other is told who has it", async () => {
  const deployment = await lab.up("phase0");
  await deployment.detach();
  const both = await Promise.allSettled([1, 2].map(() => attach(deployment.id, {}, lab.stateDir)));
  const got = both.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(got).toHaveLength(1);
  const refused = both.find((one) => one.status === "rejected");
  expect(String(refused?.reason)).toContain(
    `phase0 is being bounced by process ${process.pid}; wait for it or end it`,
  );
  // Whatever it starts would outlive a `down` that knows only of what the state named before.
  expect(await downAll(lab.stateDir)).toMatchObject({ owned: [deployment.id], swept: [] });
  expect(await sweepLeftovers(lab.stateDir)).toMatchObject({ kept: [deployment.id], swept: [] });
  expect(findRunning(lab.stateDir).map(({ id }) => id)).toEqual([deployment.id]);

  await got[0]?.control.kill("server-1");
  await got[0]?.control.start("server-1");
  await got[0]?.detach();
  const again = await attach(deployment.id, {}, lab.stateDir);
  await again.detach();
  expect((await downAll(lab.stateDir)).swept).toEqual([{ id: deployment.id, what: "2 processes" }]);
  expect(processesOf(lab.folder)).toEqual([]);
});

test("a holder of another process counts as long as it lives", async () => {
  const deployment = await lab.up("phase0");
  await deployment.detach();
  const other = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    setHolder(deployment.id, identityOf(other.pid ?? 0)!);
    await expect(attach(deployment.id, {}, lab.stateDir)).rejects.toThrow(
      `phase0 is being bounced by process ${other.pid}; wait for it or end it`,
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

test("of two deployments of one topology that are left running at once one stays, and the other is taken down and says so", async () => {
  const [one, other] = await Promise.all([lab.up("phase0"), lab.up("phase0")]);
  const released = await Promise.allSettled([one.detach(), other.detach()]);
  const kept = findRunning(lab.stateDir);
  expect(kept).toHaveLength(1);
  const [stays, goes] = kept[0]?.id === one.id ? [one, other] : [other, one];
  const refused = released.find((result) => result.status === "rejected");
  expect(String(refused?.reason)).toContain(
    `phase0 is up already as ${stays.id}; ${goes.id} was taken down again`,
  );
  expect(released.filter((result) => result.status === "rejected")).toHaveLength(1);
  expect(processesOf(goes.workDir)).toEqual([]);
  expect((await fetch(`${stays.url}/readyz`)).status).toBe(200);
  // Of another topology there may be one beside it.
  const naive = await lab.up("naive", { replicas: 1 });
  await naive.detach();
  expect(findRunning(lab.stateDir)).toHaveLength(2);
});
