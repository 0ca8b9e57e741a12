import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { K6_DOUBLE } from "../../../../standins/k6/run-double.ts";
import { K6_BUILD } from "../k6-requirements.ts";
import { findK6, type FindOptions } from "./find-k6.ts";
import { UserError } from "../../../../common/user-error.ts";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "sse-lab-find-k6-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A `k6` on a PATH of its own. */
const install = async (script: string, { name = "k6", mode = 0o755 } = {}): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, mode);
  return path;
};
/** A program that answers `version --json` as k6 does. */
const says = (version: string, extension?: string, more: object = {}): string => {
  const sse = { module: "github.com/phymbert/xk6-sse", version: extension, imports: ["k6/x/sse"] };
  const answer = {
    version,
    go_version: "go1.26.0",
    ...(extension === undefined ? {} : { extensions: [sse] }),
    ...more,
  };
  return `[ "$*" = "version --json" ] || exit 1\ncat <<'EOF'\n${JSON.stringify(answer)}\nEOF`;
};
const find = (env: NodeJS.ProcessEnv = {}, options: Partial<FindOptions> = {}) =>
  findK6({ env: { PATH: `${folder}:/usr/bin:/bin`, ...env }, needsSse: true, ...options });

describe("k6", () => {
  it.each([
    ["1.6.0", "0.1.11"],
    ["1.8.1", "0.1.12"],
    ["2.0.0", "0.2.0"],
    ["2.3.0", "0.2.0"],
  ])("%s is found on PATH, with its extension %s", async (version, extension) => {
    const path = await install(says(`v${version}`, `v${extension}`));
    expect(await find()).toEqual({ path, standIn: null, version, extension });
  });

  it("is found by K6_BIN, whatever is on PATH and whatever its file is called", async () => {
    await install("exit 1");
    const path = await install(says("v2.3.0", "v0.2.0"), { name: "k6-v2.3.0-linux-amd64" });
    expect(await find({ K6_BIN: path })).toMatchObject({ path, standIn: null });
  });

  it("is told from a contract double by the double's own mark, not by a file's name", async () => {
    await install(says("v2.3.0", "v0.2.0", { contract_double: "k6-double" }));
    expect(await find()).toMatchObject({ standIn: "k6-double", version: "2.3.0" });
    expect(await find({ K6_BIN: K6_DOUBLE })).toMatchObject({ standIn: "k6-double" });
  });

  it("needs no extension where no script opens an SSE stream", async () => {
    await install(says("v1.6.0"));
    expect(await find({}, { needsSse: false })).toMatchObject({
      version: "1.6.0",
      extension: null,
    });
  });

  it.each<[string, Record<string, string>, boolean]>([
    ["v2.0.0", {}, true],
    ["v2.0.0", { K6_AUTO_EXTENSION_RESOLUTION: "1" }, true],
    ["v2.0.0", { K6_AUTO_EXTENSION_RESOLUTION: "false" }, false],
    ["v2.0.0", { K6_AUTO_EXTENSION_RESOLUTION: "F" }, false],
    ["v1.8.1", {}, false],
    ["v1.8.1", { K6_ENABLE_COMMUNITY_EXTENSIONS: "true" }, true],
    ["v1.8.1", { K6_ENABLE_COMMUNITY_EXTENSIONS: "1" }, true],
    [
      "v1.8.1",
      { K6_ENABLE_COMMUNITY_EXTENSIONS: "true", K6_AUTO_EXTENSION_RESOLUTION: "0" },
      false,
    ],
  ])("%s with %j fetches the extension itself: %s", async (version, env, fetches) => {
    await install(says(version));
    const found = await find(env).catch((error: unknown) => (error as Error).message);
    if (fetches) expect(found).toMatchObject({ extension: null });
    else expect(found).toContain("without the extension k6/x/sse");
  });

  it("takes an extension that was built from a folder", async () => {
    await install(says("v1.8.1", "(devel)"));
    expect(await find()).toMatchObject({ extension: "(devel)" });
  });

  it("gets nothing of the harness's environment but what it needs", async () => {
    await install(`env >${join(folder, "seen")}\n${says("v2.3.0", "v0.2.0")}`);
    await find({
      REALTIME_JWT_SECRET: "x",
      K6_DNS: "ttl=1s",
      K6_VUS: "3",
      K6_BIN: "",
      HOME: "/root",
    });
    const names = (await readFile(join(folder, "seen"), "utf8"))
      .split("\n")
      .map((one) => one.split("=")[0]);
    expect(names).toEqual(expect.arrayContaining(["K6_DNS", "PATH", "HOME"]));
    expect(names).not.toContain("REALTIME_JWT_SECRET");
    expect(names).not.toContain("K6_BIN");
    expect(names).not.toContain("K6_VUS");
  });

  it.each<[string, string, string]>([
    ["too old", says("v1.5.0", "v0.1.12"), "is k6 v1.5.0: the scripts need k6 1.6 to 2.x"],
    ["of the next major version", says("v3.0.0-rc1", "v0.3.0"), "is k6 v3.0.0-rc1: the scripts"],
    ["without the extension", says("v1.8.1"), "is k6 v1.8.1 without the extension k6/x/sse"],
    ["with an old extension", says("v1.8.1", "v0.1.10"), "xk6-sse v0.1.10: the scripts need"],
    ["no k6 at all", "echo usage: k6 FILE", "is no k6: `"],
    ["of no known version", says("(devel)"), "is no k6: `"],
    ["failing", "echo cannot load >&2; exit 3", "failed (exit code 3: cannot load)"],
  ])("that is %s is refused in one line, with the way to get one", async (_, script, message) => {
    await install(script);
    const error = await find().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toContain(K6_BUILD);
    expect((error as Error).message).not.toContain("\n");
  });

  it("that is nowhere, or cannot be executed, is told apart", async () => {
    await expect(find()).rejects.toThrow(
      "k6 is not on PATH, and K6_BIN names none; install k6 2.x",
    );
    await expect(find({ K6_BIN: join(folder, "none") })).rejects.toThrow("there is no such file");
    await expect(find({ K6_BIN: "no-such-k6" })).rejects.toThrow(
      "K6_BIN=no-such-k6: there is no such program",
    );
    const path = await install("exit 0", { mode: 0o644 });
    await expect(find({ K6_BIN: path })).rejects.toThrow(
      `K6_BIN=${path}: cannot be executed; chmod +x it`,
    );
    // On PATH, one that cannot be executed is none.
    await expect(find()).rejects.toThrow("k6 is not on PATH");
  });
});
