import { execa } from "execa";
import { expect, test } from "vitest";
import { PROJECT_ROOT } from "../../common/paths.ts";

/** In the place of the command line: prints the arguments that the shell hands over, as JSON. */
const PRINTER = "node -p 'JSON.stringify(process.argv.slice(1))' --";

/** The arguments of `sse-lab` that make and its shell make of a target and its variables. */
const argumentsOf = async (
  target: string,
  variables: Record<string, string>,
  environment: Record<string, string> = {},
): Promise<string[]> => {
  const given = Object.entries({ LAB: PRINTER, ...variables }).map((pair) => pair.join("="));
  const { stdout } = await execa("make", ["-o", "node_modules/.installed", target, ...given], {
    cwd: PROJECT_ROOT,
    extendEnv: false,
    env: { PATH: process.env["PATH"], ...environment },
  });
  return JSON.parse(stdout) as string[];
};

const DEFAULTS = ["loadtest", "--platform", "auto"];

test.each([
  ["blanks", "my results"],
  ["quotes", `it's "here"`],
  ["a dollar", "a$HOME b$(HOME) $$"],
  ["a command", "x; touch y; `id` | cat & : > z"],
  ["a pattern", "* ? [a] ~ \\"],
  ["a comma and a bracket", "a,b) (c"],
  ["a hash", "a#b"],
])("a value with %s reaches the command as typed", async (_, value) => {
  expect(await argumentsOf("loadtest", { SCENARIO: value, OUT: value })).toEqual([
    ...DEFAULTS,
    "--scenario",
    value,
    "--out",
    value,
  ]);
  expect(await argumentsOf("report", { RUN: value })).toEqual(["report", value]);
});

test("variables of the environment are not taken", async () => {
  const names = ["TOPOLOGIES", "BOUNCES", "SESSIONS", "RATE", "DURATION", "REPEAT", "SEED"];
  names.push("REPLICAS", "GRACE", "GATES", "CLIENT", "ENGINE", "SCENARIO", "OUT", "ARGS");
  names.push("PLATFORM", "CATCH_UP", "OVER_QUOTA", "REALTIME_PLAN", "REALTIME_PUBLISH");
  names.push("FLAGS", "REALTIME", "RUN", "ATTACH", "SERVICE");
  const environment = Object.fromEntries(names.map((name) => [name, "linux/amd64"]));
  expect(await argumentsOf("loadtest", {}, environment)).toEqual(DEFAULTS);
  expect(await argumentsOf("phase3", {}, environment)).toEqual([
    "up",
    "phase3",
    "--platform",
    "auto",
  ]);
  expect(await argumentsOf("report", {}, environment)).toEqual(["report", "results/latest"]);
  expect(await argumentsOf("conformance", {}, environment)).toEqual(["conformance"]);
});

test("ARGS holds any number of flags, which the shell splits", async () => {
  expect(await argumentsOf("loadtest", { ARGS: `--redis stopped --ramp "1"` })).toEqual([
    ...DEFAULTS,
    ...["--redis", "stopped", "--ramp", "1"],
  ]);
});

test("a topology takes the settings of phase3", async () => {
  const given = { PLATFORM: "local", REPLICAS: "2", CATCH_UP: "1", REALTIME_PLAN: "pro" };
  const flags = ["--platform", "local", "--replicas", "2", "--catch-up", "--realtime-plan", "pro"];
  expect(await argumentsOf("phase3", given)).toEqual(["up", "phase3", ...flags]);
});

test("npm settings of the user do not change what is installed", async () => {
  const makeFlags = ["-n", "-B", "node_modules/.installed"];
  const { stdout } = await execa("make", makeFlags, { cwd: PROJECT_ROOT });
  const command = /^npm ci (?:.*\\\n)*.*$/m.exec(stdout)?.[0] ?? "no npm ci";
  const settings = await execa({
    shell: true,
    cwd: PROJECT_ROOT,
    env: {
      npm_config_global: "true",
      npm_config_dry_run: "true",
      npm_config_package_lock_only: "true",
      npm_config_workspaces: "true",
      npm_config_install_strategy: "linked",
      npm_config_omit: "dev optional",
      npm_config_ignore_scripts: "false",
      NODE_ENV: "production",
    },
  })`${command.replace("npm ci", "npm config list --json")}`;
  expect(JSON.parse(settings.stdout)).toMatchObject({
    global: false,
    "dry-run": false,
    "package-lock-only": false,
    workspaces: false,
    "install-strategy": "hoisted",
    include: ["dev", "optional"],
    "ignore-scripts": true,
  });
});
