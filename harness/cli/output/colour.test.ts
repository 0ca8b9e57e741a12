import { afterEach, expect, it, vi } from "vitest";
import { runCommand } from "../test-support/run-command.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

it.each([{ CI: "true" }, { FORCE_COLOR: "1" }])(
  "is not written into a pipe, even with %o",
  async (env) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    // The colour library reads the environment when it is loaded.
    vi.resetModules();
    const { default: pc } = await import("picocolors");
    expect(pc.isColorSupported).toBe(true);
    const { wantsColour } = await import("./colour.ts");
    // Node leaves `isTTY` undefined for a pipe.
    expect(wantsColour({})).toBe(false);
    expect(wantsColour({ isTTY: true })).toBe(true);
  },
);

it("is not in the output of a command that writes into a pipe", async () => {
  const { stdout } = await runCommand(["doctor"]);
  expect(stdout).toContain("node");
  expect(stdout).not.toContain("\u001b");
});
