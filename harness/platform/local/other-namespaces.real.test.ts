/** A deployment, seen from another container, a copied checkout, and a host that was renamed. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  firstLine,
  permits,
  startIn,
  type Namespace,
} from "../../../common/test-support/namespaces.ts";
import { PROJECT_ROOT } from "../../../common/paths.ts";
import type { SweepReport } from "../platform.ts";
import { localRegistry } from "./deployment-state.ts";
import { downAll, findRunning, sweepLeftovers } from "./running-deployments.ts";
import { createTestLab, type TestLab } from "./test-support/test-lab.ts";

let lab: TestLab;
beforeEach(() => {
  lab = createTestLab();
});
afterEach(() => lab.close());

const MODULE = new URL("running-deployments.ts", import.meta.url).href;

const runIn = async (
  kinds: readonly Namespace[],
  command: "sweepLeftovers" | "downAll",
  before?: string,
): Promise<SweepReport> => {
  const script = `
    import { ${command} } from ${JSON.stringify(MODULE)};
    console.log(JSON.stringify(await ${command}(${JSON.stringify(lab.stateDir)})));`;
  const child = startIn(kinds, script, before);
  const [line] = await Promise.all([firstLine(child), once(child, "exit")]);
  return JSON.parse(line) as SweepReport;
};

test.runIf(permits("pids"))(
  "a container that shares folder and host name leaves a living deployment alone",
  async () => {
    const deployment = await lab.up("phase0");
    for (const command of ["sweepLeftovers", "downAll"] as const) {
      expect(await runIn(["pids"], command)).toMatchObject({
        swept: [],
        foreign: [{ id: deployment.id, why: expect.stringMatching(/another container/) as string }],
        problems: [],
      });
    }
    expect((await fetch(`${deployment.url}/readyz`)).status).toBe(200);
    expect((await sweepLeftovers(lab.stateDir)).owned).toEqual([deployment.id]);
    await deployment.detach();
    expect(await runIn(["pids"], "downAll")).toMatchObject({ swept: [], kept: [] });
    expect(await findRunning(lab.stateDir)).toMatchObject([{ id: deployment.id }]);
    expect(await runIn([], "downAll")).toMatchObject({ swept: [{ id: deployment.id }] });
  },
);

test.runIf(permits("hostName"))(
  "a host that was renamed still takes its deployments down",
  async () => {
    const deployment = await lab.up("phase0");
    await deployment.detach();
    const report = await runIn(["hostName"], "downAll", "hostname renamed");
    expect(report).toMatchObject({ swept: [{ id: deployment.id }], foreign: [], problems: [] });
    expect(lab.stateFiles()).toEqual([]);
  },
);

test("a copied checkout leaves the deployments of its original alone", async () => {
  const deployment = await lab.up("phase0");
  await deployment.detach();
  const [file = ""] = lab.stateFiles();
  const path = join(lab.stateDir, file);
  const state = readFileSync(path, "utf8");
  // As the copy reads it, whose own id is another one.
  writeFileSync(path, state.replace(/"id": "[0-9a-f]{12}"/, '"id": "0123456789ab"'));
  expect(await downAll(lab.stateDir)).toMatchObject({
    swept: [],
    foreign: [
      { id: deployment.id, why: expect.stringMatching(/of which this one is a copy/) as string },
    ],
  });
  expect((await fetch(`${deployment.url}/readyz`)).status).toBe(200);
  writeFileSync(path, state);
  expect(await downAll(lab.stateDir)).toMatchObject({ swept: [{ id: deployment.id }] });
});

test("the paths on record move with a renamed checkout", async () => {
  const deployment = await lab.up("phase0");
  await deployment.detach();
  const [file = ""] = lab.stateFiles();
  const path = join(lab.stateDir, file);
  // Its folders lie below the checkout's former path.
  const before = `${lab.folder}-before`;
  const renamed = readFileSync(path, "utf8")
    .replaceAll(lab.folder, before)
    .replace(/"root": "[^"]+"/, `"root": ${JSON.stringify(before)}`);
  writeFileSync(path, renamed);
  const [state] = localRegistry(lab.stateDir).records.list().records;
  expect(state?.checkout?.root).toBe(PROJECT_ROOT);
  expect(JSON.stringify(state)).not.toContain(before);
  writeFileSync(path, renamed.replaceAll(before, lab.folder));
  expect(await downAll(lab.stateDir)).toMatchObject({ swept: [{ id: deployment.id }] });
});
