import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inspectPulumi } from "./inspect-pulumi.ts";
import { resolvePulumi } from "./resolve-pulumi.ts";
import { UserError } from "../../common/user-error.ts";

let folder: string;
let bin: string;
/**
 * A host without Pulumi, Go and network: PATH holds what a test puts into `bin`, and the proxy is a
 * closed port.
 */
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-resolve-test-"));
  bin = join(folder, "host", "bin");
  await mkdir(bin, { recursive: true });
  const proxy = "http://127.0.0.1:9";
  env = {
    PATH: bin,
    HOME: folder,
    PULUMI_HOME: join(folder, "home"),
    SSE_LAB_CACHE: join(folder, "cache"),
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
  };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const install = async (path: string, script: string): Promise<string> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
};

/** A program that says what a CLI of this version would. */
const installCli = (version: string, path = join(bin, "pulumi")): Promise<string> =>
  install(path, `#!/bin/sh\necho v${version}\n`);

/**
 * A program that serves the two calls which a plugin is known by, as a plugin does: gRPC on a port
 * that it prints.
 */
const installPlugin = (name: string, version: string, path: string): Promise<string> =>
  install(
    path,
    `#!${process.execPath}
const answers = { GetSchema: ${JSON.stringify(JSON.stringify({ name }))}, GetPluginInfo: "${version}" };
const server = require("node:http2").createServer();
server.on("stream", (stream, headers) => {
  const text = Buffer.from(answers[headers[":path"].split("/").at(-1)]);
  const message = Buffer.concat([Buffer.from([0x0a, text.length]), text]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.concat([frame, message]));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`,
  );
const pluginOnPath = (version = "5.2.0"): Promise<string> =>
  installPlugin("docker", version, join(bin, "pulumi-resource-docker"));

const errorOf = async (promise: Promise<unknown>): Promise<UserError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
};

test("what is on PATH is taken, as it is", async () => {
  const path = await installCli("3.206.0");
  await pluginOnPath("5.3.1");
  const tools = await resolvePulumi({ env });
  expect(tools).toEqual({
    pulumi: path,
    root: join(folder, "host"),
    version: "3.206.0",
    source: "path",
    plugin: { path: bin, version: "5.3.1", source: "path" },
    languageHost: undefined,
    passedOver: [],
    env: { PATH: `${bin}:${bin}`, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  const command = await PulumiCommand.get({ root: tools.root });
  expect(command.version?.version).toBe("3.206.0");
});

test("a setting comes before PATH, whatever the binary is called", async () => {
  await installCli("3.206.0");
  await pluginOnPath();
  const cli = await installCli("3.210.0", join(folder, "own", "my-pulumi"));
  const plugin = await installPlugin("docker", "5.4.0", join(folder, "own", "my-plugin"));
  await mkdir(join(folder, "home"));
  const tools = await resolvePulumi({
    env: { ...env, SSE_LAB_PULUMI: cli, SSE_LAB_PULUMI_DOCKER_PLUGIN: plugin },
  });
  expect(tools).toMatchObject({
    pulumi: cli,
    version: "3.210.0",
    source: "setting",
    plugin: { path: join(folder, "own"), version: "5.4.0", source: "setting" },
  });
  expect((await PulumiCommand.get({ root: tools.root })).version?.version).toBe("3.210.0");
  // Pulumi finds it as an installed plugin, passes over the one on PATH, and keeps the user's
  // login.
  expect(
    await readdir(join(tools.env["PULUMI_HOME"] ?? "", "plugins", "resource-docker-v5.2.0")),
  ).toEqual(["pulumi-resource-docker"]);
  expect(tools.env).toMatchObject({
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    PULUMI_CREDENTIALS_PATH: join(folder, "home"),
  });
});

test.each([
  ["does not exist", "/nowhere/pulumi", /SSE_LAB_PULUMI=\/nowhere\/pulumi does not run .*ENOENT/],
  [
    "is another program",
    "/bin/true",
    /SSE_LAB_PULUMI=\/bin\/true does not say a version of Pulumi/,
  ],
])("a setting of the CLI that %s is refused by name", async (_, path, problem) => {
  await installCli("3.206.0");
  await pluginOnPath();
  const error = await errorOf(resolvePulumi({ env: { ...env, SSE_LAB_PULUMI: path } }));
  expect(error.problem).toMatch(problem);
  expect(error.fix).toContain("SSE_LAB_PULUMI");
});

test("a setting of an old CLI is refused, an old CLI on PATH is passed over with the reason", async () => {
  const path = await installCli("3.205.0");
  await pluginOnPath();
  const bySetting = await errorOf(resolvePulumi({ env: { ...env, SSE_LAB_PULUMI: path } }));
  expect(bySetting.problem).toBe(
    `SSE_LAB_PULUMI=${path} is version 3.205.0, not one of >=3.206.0 <4.0.0`,
  );
  const passedOver = `${path} is version 3.205.0, not one of`;
  expect((await inspectPulumi(env)).detail).toContain(`passed over: ${passedOver}`);
  expect((await errorOf(resolvePulumi({ env }))).problem).toContain(passedOver);
});

test.each([
  ["does not exist", () => Promise.resolve("/nowhere/plugin"), /does not run \(ENOENT\)/],
  ["is another program", () => Promise.resolve("/bin/true"), /is no Pulumi plugin/],
  [
    "is for another provider",
    () => installPlugin("random", "5.2.0", join(folder, "p")),
    /is a plugin for random/,
  ],
  [
    "is too old",
    () => installPlugin("docker", "4.9.0", join(folder, "p")),
    /is version 4\.9\.0, not one of/,
  ],
])("a setting of the plugin that %s is refused by name", async (_, make, problem) => {
  await installCli("3.206.0");
  const path = await make();
  const error = await errorOf(
    resolvePulumi({ env: { ...env, SSE_LAB_PULUMI_DOCKER_PLUGIN: path } }),
  );
  expect(error.problem).toContain(`SSE_LAB_PULUMI_DOCKER_PLUGIN=${path} `);
  expect(error.problem).toMatch(problem);
});

test("a plugin in Pulumi's own plugin cache is left to Pulumi, a half-installed one isn't there", async () => {
  await installCli("3.206.0");
  const plugins = join(folder, "home", "plugins");
  const path = await install(join(plugins, "resource-docker-v5.2.0", "pulumi-resource-docker"), "");
  const tools = await resolvePulumi({ env });
  expect(tools.plugin).toEqual({ path: dirname(path), version: "5.2.0", source: "installed" });
  expect(Object.keys(tools.env).sort()).toEqual(["PATH", "PULUMI_SKIP_UPDATE_CHECK"]);
  await writeFile(join(plugins, "resource-docker-v5.2.0.partial"), "");
  expect((await inspectPulumi(env)).status).not.toBe("ok");
});

test("the language host is found beside the CLI", async () => {
  await installCli("3.206.0");
  await pluginOnPath();
  await install(join(bin, "pulumi-language-nodejs"), "");
  expect((await resolvePulumi({ env })).languageHost).toBe(bin);
});

test("without any way the error names them all, and the cache is as it was", async () => {
  const error = await errorOf(resolvePulumi({ env }));
  expect(error.problem).toMatch(/Pulumi's own download of the Pulumi CLI failed \(.+\)/);
  expect(error.problem).toContain("go is not on PATH");
  for (const way of ["on PATH", "SSE_LAB_PULUMI", "get.pulumi.com", "put Go 1."]) {
    expect(error.fix).toContain(way);
  }
  expect(await readdir(join(folder, "cache", "pulumi"))).toEqual([]);
});

test("a Go that is too old builds nothing", async () => {
  await install(join(bin, "go"), "#!/bin/sh\necho go version go1.20.3 linux/amd64\n");
  const error = await errorOf(resolvePulumi({ env }));
  expect(error.problem).toMatch(
    /go on PATH is 1\.20\.3, older than the 1\.\d+\.\d+ that go\.mod asks for/,
  );
});

test("an inspection says what is there and makes nothing", async () => {
  await installCli("3.206.0");
  const path = await pluginOnPath();
  const inspection = await inspectPulumi(env);
  expect(inspection.status).toBe("ok");
  expect(inspection.detail).toContain(`on PATH: ${join(bin, "pulumi")}`);
  expect(inspection.detail).toContain(path);
  const wrong = await inspectPulumi({ ...env, SSE_LAB_PULUMI: "/nowhere/pulumi" });
  expect(wrong.status).toBe("missing");
  expect(wrong.fix).toContain("SSE_LAB_PULUMI");
  expect(await readdir(folder)).toEqual(["host"]);
});
