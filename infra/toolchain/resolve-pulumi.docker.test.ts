/**
 * The real binaries, however this host gets them. On a host without Pulumi's downloads the first
 * run builds them.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as docker from "@pulumi/docker";
import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation/index.js";
import { execa } from "execa";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readPluginIdentity } from "./plugin-identity.ts";
import { inspectPulumi } from "./inspect-pulumi.ts";
import { resolvePulumi, type PulumiTools } from "./resolve-pulumi.ts";

let tools: PulumiTools;
let folder: string;
const pluginBinary = (): string => join(tools.plugin.path, "pulumi-resource-docker");

beforeAll(async () => {
  tools = await resolvePulumi({ onStep: (step) => void process.stderr.write(`${step}\n`) });
}, 1_800_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-pulumi-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const withStack = async (stack: Stack, use: () => Promise<void>): Promise<void> => {
  try {
    await use();
  } finally {
    await stack.destroy();
  }
};

test("the CLI and the plugin are what they are said to be", async () => {
  const { stdout } = await execa(tools.pulumi, ["version"], { env: tools.env });
  expect(stdout).toBe(`v${tools.version}`);
  expect((await PulumiCommand.get({ root: tools.root })).version?.version).toBe(tools.version);
  const plugin = await readPluginIdentity(pluginBinary(), process.env);
  expect(plugin).toEqual({ name: "docker", version: tools.plugin.version });
});

test("a second look finds both, steplessly, and doctor says so", async () => {
  const steps: string[] = [];
  expect(await resolvePulumi({ onStep: (step) => steps.push(step) })).toMatchObject({
    pulumi: tools.pulumi,
    plugin: { path: tools.plugin.path },
  });
  expect(steps).toEqual([]);
  expect((await inspectPulumi()).status).toBe("ok");
});

test.each(["as resolved", "by the settings", "from PATH"])(
  "the Automation API creates, finds unchanged and destroys a network with the tools %s",
  async (way) => {
    const own = {
      ...process.env,
      SSE_LAB_CACHE: join(folder, "cache"),
      PULUMI_HOME: join(folder, "home"),
    };
    const unset = { ...own, SSE_LAB_PULUMI: "", SSE_LAB_PULUMI_DOCKER_PLUGIN: "" };
    const settings = { SSE_LAB_PULUMI: tools.pulumi, SSE_LAB_PULUMI_DOCKER_PLUGIN: pluginBinary() };
    const path = [join(tools.root, "bin"), tools.plugin.path, process.env["PATH"] ?? ""].join(":");
    const taken = {
      "as resolved": () => Promise.resolve(tools),
      "by the settings": () => resolvePulumi({ env: { ...unset, ...settings } }),
      "from PATH": () => resolvePulumi({ env: { ...unset, PATH: path } }),
    }[way]!;
    const used = await taken();
    if (way !== "as resolved") {
      const source = way === "from PATH" ? "path" : "setting";
      expect(used).toMatchObject({ source, plugin: { source } });
    }
    const state = join(folder, "state");
    await mkdir(state);
    const project = "sse-lab-toolchain-test";
    const stack = await LocalWorkspace.createStack(
      {
        stackName: "test",
        projectName: project,
        program: () => {
          const network = new docker.Network(project);
          return Promise.resolve({ name: network.name });
        },
      },
      {
        pulumiCommand: await PulumiCommand.get({ root: used.root }),
        envVars: { ...used.env, PULUMI_CONFIG_PASSPHRASE: "" },
        projectSettings: { name: project, runtime: "nodejs", backend: { url: `file://${state}` } },
      },
    );
    await withStack(stack, async () => {
      const up = await stack.up();
      const name = up.outputs["name"]?.value as string;
      const { stdout } = await execa("docker", ["network", "ls", "--format={{.Name}}"]);
      expect(stdout.split("\n")).toContain(name);
      // Pulumi's word for a plugin that it didn't expect: only where the user put it on PATH.
      expect(up.stdout.includes("from $PATH")).toBe(used.plugin.source === "path");
      expect((await stack.preview()).changeSummary).toEqual({ same: 2 });
    });
    const { stdout } = await execa("docker", ["network", "ls", "--format={{.Name}}"]);
    expect(stdout).not.toContain(project);
  },
);
