/** `pulumi up` on a real engine, and the Automation API on the same stack. */
import { copyFile, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { recordArgs, topologyNamed } from "./stack/record-args.ts";
import type { StackOutputs } from "./stack/stack-args.ts";
import { stackRecords } from "./stack/stack-record.ts";
import {
  automationStack,
  docker,
  pulumiIn,
  stackName,
  whatIsLeft,
  type PulumiAccess,
} from "./test-support/lab-stack.ts";
import { startProgramHost, type ProgramHost } from "./test-support/program-host.ts";
import { PROJECT_ROOT } from "../common/paths.ts";

let folder: string;
let stack: string;
let access: PulumiAccess;
let host: ProgramHost;

/**
 * A separate top level, so that no test leaves settings in the project. The program is the
 * project's.
 */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-cli-"));
  stack = stackName(topologyNamed("phase1"));
  for (const name of ["infra", "node_modules", "package.json"]) {
    await symlink(join(PROJECT_ROOT, name), join(folder, name));
  }
  await copyFile(join(PROJECT_ROOT, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  await copyFile(join(PROJECT_ROOT, "Pulumi.phase1.yaml"), join(folder, `Pulumi.${stack}.yaml`));
  access = await pulumiIn(folder);
  host = await startProgramHost(folder, access.env);
});

/** `run`: with the program, which the stand-in for the language host runs. */
const pulumi = async (how: "run" | "plain", ...args: string[]): Promise<string> => {
  const client = how === "run" ? [`--client=${host.address}`] : [];
  const { stdout, all, failed } = await execa(
    access.pulumi,
    [...args, ...client, "--non-interactive"],
    {
      cwd: folder,
      env: access.env,
      reject: false,
      all: true,
    },
  );
  if (failed) throw new Error(all);
  return stdout;
};

const containerIds = async (): Promise<Map<string, string>> => {
  const found = await docker.listContainers({
    all: true,
    filters: { label: [`sse-lab.stack=${stack}`] },
  });
  return new Map(found.map(({ Id, Labels }) => [Labels["sse-lab.instance"] ?? "", Id]));
};

afterEach(async () => {
  try {
    await pulumi("plain", "destroy", "--yes", "-s", stack);
  } finally {
    host.close();
    const record = stackRecords().read(stack);
    if (record?.ledgerDir !== undefined)
      await rm(record.ledgerDir, { recursive: true, force: true });
    stackRecords().remove(stack);
    await rm(folder, { recursive: true, force: true });
  }
});

it("brings up, deploys and removes a stack that the Automation API sees too", async () => {
  await pulumi("plain", "stack", "select", "--create", stack);
  await pulumi("run", "preview", "-s", stack);
  expect(stackRecords().read(stack)).toBe(undefined);

  await pulumi("run", "up", "--yes", "--skip-preview", "-s", stack);
  const outputs = JSON.parse(
    await pulumi("plain", "stack", "output", "--json", "-s", stack),
  ) as StackOutputs;
  const record = stackRecords().read(stack)!;
  expect(outputs).toMatchObject({
    topology: "phase1",
    url: `http://127.0.0.1:${record.ports.router}`,
    router: { kind: "traefik", container: `${stack}-traefik` },
    broker: null,
    revision: "1",
  });
  expect(outputs.instances.map(({ name }) => name)).toEqual(["server-1", "server-2", "server-3"]);
  for (const { url } of outputs.instances) expect((await fetch(`${url}/readyz`)).status).toBe(200);

  // Neither `pulumi` nor the Automation API would change anything.
  await pulumi("run", "preview", "--expect-no-changes", "-s", stack);
  const other = await automationStack(access, recordArgs(record), "selectStack");
  expect(Object.keys((await other.preview()).changeSummary)).toEqual(["same"]);

  const before = await containerIds();
  await pulumi("plain", "config", "set", "replica", "2", "-s", stack);
  const up = pulumi("run", "up", "--yes", "--skip-preview", "-s", stack);
  await expect(up).rejects.toThrow("sse-scaling-lab:replica is not known");
  await pulumi("plain", "config", "rm", "replica", "-s", stack);
  expect(await containerIds()).toEqual(before);

  await pulumi("plain", "config", "set", "revision", "2", "-s", stack);
  await pulumi("run", "up", "--yes", "--skip-preview", "--parallel", "1", "-s", stack);
  const after = await containerIds();
  const same = [...after]
    .filter(([instance, id]) => before.get(instance) === id)
    .map(([instance]) => instance);
  expect(same.sort()).toEqual(["router-config", "traefik"]);
  const { owner } = stackRecords().read(stack)!;
  expect(owner.pid).not.toBe(record.owner.pid);
  expect(stackRecords().read(stack)).toEqual({ ...record, owner, revision: "2" });

  await pulumi("plain", "destroy", "--yes", "-s", stack);
  expect(await whatIsLeft(stack)).toEqual([]);
});
