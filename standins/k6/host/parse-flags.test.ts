import { describe, expect, it } from "vitest";

import { parseFlags } from "./parse-flags.ts";

describe("parseFlags", () => {
  it("accepts the flags of the lab in any order and form", () => {
    const flags =
      "--quiet --no-color --no-usage-report --no-thresholds --log-format=json --console-output out";
    const given = [...flags.split(" "), "--address", "", "-e", "A=1=2", "s.js", "--env", "B="];
    expect(parseFlags(given)).toEqual({
      script: "s.js",
      quiet: true,
      noThresholds: true,
      noSummary: false,
      logFormat: "json",
      consoleOutput: "out",
      env: { A: "1=2", B: "" },
    });
  });

  it.each([
    [["--vus", "3", "s.js"], "unknown flag: --vus"],
    [["--quiet=true", "s.js"], "unknown flag: --quiet=true"],
    [[], "accepts 1 arg(s), received 0"],
    [["a.js", "b.js"], "received 2"],
    [["s.js", "--env"], "flag needs an argument: --env"],
    [["--log-format", "yaml", "s.js"], '"yaml"'],
    [["-e", "1A=2", "s.js"], "'1A'"],
  ])("refuses %j", (args, message) => {
    expect(() => parseFlags(args)).toThrow(message);
  });
});
