import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { wantsColour } from "./colour.ts";
import { PROJECT_ROOT } from "../../../common/paths.ts";

it("is for a terminal only: of a pipe, Node does not say that it is none", () => {
  expect(wantsColour({})).toBe(false);
});

it.each([{ CI: "true" }, { FORCE_COLOR: "1" }])(
  "is not written into a pipe, whatever asks for it: %o",
  async (asked) => {
    const { stdout } = await execa(
      process.execPath,
      [join(PROJECT_ROOT, "harness/cli/sse-lab.mjs"), "doctor"],
      {
        reject: false,
        env: asked,
      },
    );
    expect(stdout).toContain("node");
    expect(stdout).not.toContain("\u001b");
  },
);
