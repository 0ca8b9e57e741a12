import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findK6, standInOf, type FindOptions } from "./find-k6.ts";
import { UserError } from "../../../../common/user-error.ts";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "sse-lab-find-k6-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A `k6` on a PATH of its own. */
const install = async (script: string, mode = 0o755): Promise<string> => {
  const path = join(folder, "k6");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, mode);
  return path;
};
const says = (text: string): string => `cat <<'EOF'\n${text}\nEOF`;
const SSE = "Extensions:\n  github.com/phymbert/xk6-sse v0.1.12, k6/x/sse [js]";
const find = (env: NodeJS.ProcessEnv = {}, options: Partial<FindOptions> = {}) =>
  findK6({ env: { PATH: `${folder}:/usr/bin:/bin`, ...env }, needsSse: true, ...options });
const BUILD = "xk6 build v1.2.1 --with github.com/phymbert/xk6-sse@v0.1.12";

describe("k6", () => {
  it("is found on PATH, with the version of its extension", async () => {
    const path = await install(says(`k6 v1.2.1 (go1.24.4, linux/amd64)\n${SSE}`));
    const found = { path, program: "k6", version: "1.2.1", extension: "0.1.12" };
    expect(await find()).toEqual(found);
    expect(standInOf(found)).toBeNull();
  });

  it("is found by K6_BIN, whatever is on PATH, and is named as it calls itself", async () => {
    await install("exit 1");
    const path = join(folder, "other");
    await writeFile(path, `#!/bin/sh\n${says(`k6-double v1.4.0 (contract double)\n${SSE}`)}\n`, {
      mode: 0o755,
    });
    const found = await find({ K6_BIN: path });
    expect(found).toEqual({ path, program: "k6-double", version: "1.4.0", extension: "0.1.12" });
    expect(standInOf(found)).toBe("k6-double");
  });

  it("needs no extension where no script opens an SSE stream", async () => {
    await install(says("k6 v1.3.0 (go1.24.4, linux/amd64)"));
    expect(await find({}, { needsSse: false })).toMatchObject({
      version: "1.3.0",
      extension: null,
    });
  });

  it("may fetch the extension itself, when it was told to", async () => {
    await install(says("k6 v1.3.0 (go1.24.4, linux/amd64)"));
    const told = { K6_ENABLE_COMMUNITY_EXTENSIONS: "true" };
    expect(await find(told)).toMatchObject({ extension: null });
    await expect(find({ ...told, K6_AUTO_EXTENSION_RESOLUTION: "false" })).rejects.toThrow(
      "has no extension",
    );
  });

  it("takes an extension that was built from a folder", async () => {
    await install(
      says("k6 v1.3.0\nExtensions:\n  github.com/phymbert/xk6-sse (devel), k6/x/sse [js]"),
    );
    expect(await find()).toMatchObject({ extension: "(devel)" });
  });

  it("gets nothing of the harness's environment but what it needs", async () => {
    await install(`env >${join(folder, "seen")}\n${says(`k6 v1.2.1\n${SSE}`)}`);
    await find({ REALTIME_JWT_SECRET: "x", K6_VUS_MAX: "3", K6_BIN: "", HOME: "/root" });
    const names = (await readFile(join(folder, "seen"), "utf8"))
      .split("\n")
      .map((one) => one.split("=")[0]);
    expect(names).toEqual(expect.arrayContaining(["K6_VUS_MAX", "PATH", "HOME"]));
    expect(names).not.toContain("REALTIME_JWT_SECRET");
    expect(names).not.toContain("K6_BIN");
  });

  it.each<[string, string, string]>([
    [
      "too old",
      says(`k6 v1.1.0 (go1.24.4, linux/amd64)\n${SSE}`),
      "is k6 v1.1.0: the scripts need k6 1.2 or newer and not yet 2",
    ],
    [
      "of the next major version",
      says(`k6 v2.0.0 (go1.26.0, linux/amd64)\n${SSE}`),
      "is k6 v2.0.0: the scripts need k6 1.2",
    ],
    [
      "without the extension",
      says("k6 v1.2.1 (go1.24.4, linux/amd64)"),
      "has no extension k6/x/sse",
    ],
    [
      "with an old extension",
      says(`k6 v1.2.1\n${SSE.replace("0.1.12", "0.1.10")}`),
      "has xk6-sse v0.1.10: the scripts need v0.1.11",
    ],
    ["no k6 at all", "echo usage: k6 FILE", "is no k6: `"],
    ["failing", "echo cannot load >&2; exit 3", "version: failed (exit code 3: cannot load)"],
  ])("that is %s is refused in one line, with the way to get one", async (_, script, message) => {
    await install(script);
    const error = await find().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toContain(BUILD);
    expect((error as Error).message).not.toContain("\n");
  });

  it("that is nowhere, or cannot be executed, is told apart", async () => {
    await expect(find()).rejects.toThrow(
      `k6 is not on PATH, and K6_BIN names none; build one with \`${BUILD}\``,
    );
    await expect(find({ K6_BIN: join(folder, "none") })).rejects.toThrow("there is no such file");
    await expect(find({ K6_BIN: "no-such-k6" })).rejects.toThrow(
      "K6_BIN=no-such-k6: there is no such program",
    );
    const path = await install("exit 0", 0o644);
    await expect(find({ K6_BIN: path })).rejects.toThrow(
      `K6_BIN=${path}: cannot be executed; chmod +x it`,
    );
    // On PATH, one that cannot be executed is none.
    await expect(find()).rejects.toThrow("k6 is not on PATH");
  });
});
