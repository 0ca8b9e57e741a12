import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot } from "../../common/paths.ts";
import { TOPOLOGIES } from "../../infra/topologies.ts";
import { K6_BUILD } from "../load/k6/k6-requirements.ts";
import { runCommand } from "./test-support/run-command.ts";

const K6_DOUBLE = fromRoot("standins/k6/k6-double.mjs");

const LOADGEN = ["loadgen", "--target", "http://127.0.0.1:1", "--topologies", "phase2"];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-cli-"));
  await writeFile(join(folder, "typo.json"), '{"sesions": 3}');
  await writeFile(join(folder, "broken.json"), "{");
  await writeFile(join(folder, "bom.json"), '\uFEFF{"sesions": 3}\r\n');
  await writeFile(join(folder, "utf16.json"), Buffer.from('\uFEFF{"sessions": 3}', "utf16le"));
  await writeFile(join(folder, "tool"), "not a program");
  await mkdir(join(folder, "k6"));
  await writeFile(join(folder, "k6", "k6.log"), "running\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("bad input", () => {
  it.each<[string[], string]>([
    [
      ["loadtest", "--topologies", "phase9"],
      'sse-lab: --topologies: unknown topology "phase9": choose from phase0',
    ],
    [
      ["loadtest", "--bounces", "flood"],
      'sse-lab: --bounces: unknown bounce "flood": choose from none',
    ],
    [
      ["loadtest", "--sessions", "0"],
      "sse-lab: --sessions: 0 is out of range: give 1 to 19000 concurrent streams",
    ],
    [["loadtest", "--rate", "-1"], "sse-lab: --rate: -1 is out of range"],
    [
      ["loadtest", "--attach", "phase9"],
      'sse-lab: --attach phase9: unknown topology "phase9": choose from phase0',
    ],
    [["loadtest", "--duration", "soon"], 'sse-lab: --duration: "soon" is not a number'],
    [["loadtest", "--sesions", "3"], "error: unknown option '--sesions'"],
    [
      ["loadtest", "--platform", "swarm"],
      "sse-lab: --platform swarm: unknown platform; choose from auto, local, docker",
    ],
    [
      ["up", "phase1", "--platform", "swarm"],
      "sse-lab: --platform swarm: unknown platform; choose from auto",
    ],
    [
      ["migrate", "--platform", "docker"],
      "sse-lab: on Docker, another router configuration would mean another router",
    ],
    [["migrate", "--replicas", "1"], "sse-lab: --replicas: 1 is out of range"],
    [["loadtest", "--bounces", "migration"], 'sse-lab: --bounces: unknown bounce "migration"'],
    [["loadtest", "--grace", "61"], "sse-lab: --grace: 61 is out of range: give 0 to 60 seconds"],
    [
      ["loadtest", "--topologies", "phase1-header", "--client", "eventsource"],
      "sse-lab: --client eventsource: phase1-header routes by the header X-Session-ID, " +
        "which a browser's EventSource cannot send",
    ],
    [
      ["loadtest", "--platform", "local", "--bounces", "rolling", "--duration", "5"],
      "sse-lab: --duration 5: the load ends before the longest bounce of rolling; give 16 " +
        "seconds or more",
    ],
    [
      ["loadtest", "--engine", "k7"],
      "sse-lab: --engine k7: unknown engine; choose from native, k6",
    ],
    [
      ["loadtest", "--platform", "local", "--engine", "k6"],
      "sse-lab: K6_BIN=FOLDER/tool: cannot be executed; chmod +x it, or name another",
    ],
    [
      ["report", "FOLDER/k6"],
      "FOLDER/k6 has no manifest.json, and none of k6.log holds a line of the k6 scripts",
    ],
    [
      ["bounce", "phase1", "--record", "FOLDER/none/bounces.ndjson"],
      "sse-lab: --record FOLDER/none/bounces.ndjson: cannot be written (ENOENT)",
    ],
    [
      ["loadtest", "--scenario", "nowhere.json"],
      "sse-lab: --scenario nowhere.json: cannot be read (ENOENT)",
    ],
    [
      ["loadtest", "--scenario", "FOLDER/typo.json"],
      'sse-lab: unknown scenario key "sesions": known keys are topologies',
    ],
    [["loadtest", "--scenario", "FOLDER/broken.json"], "broken.json: is not JSON"],
    [["loadtest", "--scenario", "FOLDER/bom.json"], 'unknown scenario key "sesions"'],
    [["loadtest", "--scenario", "FOLDER/utf16.json"], "--scenario FOLDER/utf16.json is UTF-16"],
    [["loadtest", "--out", "FOLDER"], "--out FOLDER: is not empty; name a new or empty folder"],
    [["loadtest", "--out", "/proc/none"], "sse-lab: --out /proc/none: cannot be written (ENOENT)"],
    [["up", "phase9"], 'sse-lab: up: unknown topology "phase9"'],
    [
      ["up", "phase1", "--replicas", "1"],
      "sse-lab: --replicas: 1 is out of range: give 2 to 10 replicas",
    ],
    [["bounce", "nosuch"], 'sse-lab: bounce: unknown topology "nosuch": choose from phase0, naive'],
    [["bounce", "phase2-sticky"], "sse-lab: bounce phase2-sticky: it is not up"],
    [
      ["bounce", "phase2-sticky", "--platform", "local"],
      "sse-lab: bounce phase2-sticky: it is not up on local",
    ],
    [
      ["bounce", "phase1", "--grace", "soon"],
      'sse-lab: --grace: "soon" is not a number: give 0 to 60 seconds',
    ],
    [
      ["bounce", "phase1", "--platform", "swarm"],
      "argument 'swarm' is invalid. Allowed choices are auto, local",
    ],
    [
      ["bounce", "phase1", "--kind", "none"],
      "error: option '--kind <kind>' argument 'none' is invalid",
    ],
    [["report", "FOLDER"], "is not the folder of a run (no manifest.json)"],
    [["merge", "FOLDER/typo.json"], "name files that sse-lab loadgen wrote"],
    [[...LOADGEN, "--shard", "3/2"], "--shard 3/2: give n/k with n from 1 to k, such as 2/5"],
    [["loadgen", "--target", "http://127.0.0.1:1"], "one deployment is loaded"],
    [[...LOADGEN, "--sessions", "2", "--shard", "1/3"], "2 sessions are too few for 3 machines"],
    [[...LOADGEN, "--sessions", "19001"], "19001 is out of range: give 1 to 19000 concurrent"],
    [[...LOADGEN, "--start-at", "10:00"], "--start-at 10:00: is no time with date and zone"],
    [[...LOADGEN, "--start-at", "2020-01-01T10:00:00Z"], "is over, or more than a day ahead"],
    [[...LOADGEN, "--file", "FOLDER/typo.json"], "FOLDER/typo.json: is there already"],
    [[...LOADGEN, "--bounces", "crash"], "run sse-lab bounce --record bounces.ndjson beside it"],
    [LOADGEN, "GET http://127.0.0.1:1/healthz tells no instance's clock, but ECONNREFUSED"],
    [
      ["loadgen", "--target", "http://192.0.2.1", "--topologies", "phase2"],
      "if it is yours, or you may load it, add --i-own-this-target",
    ],
    [["capacity", "--topology", "phase9"], '--topology: unknown topology "phase9"'],
    [["capacity", "--topology", "phase3"], "its limit is that of Supabase Realtime"],
    [
      ["capacity", "--topology", "phase2", "--step", "1"],
      "--step: 1 is out of range: give 1.1 to 10 (a factor)",
    ],
    [
      ["capacity", "--topology", "phase2", "--start", "50", "--max-sessions", "20"],
      "the first level (50 sessions x 5 events/s) is above the last (20 sessions x 100 events/s)",
    ],
    [
      ["capacity", "--topology", "phase2", "--missed", "lots"],
      '--missed is "lots": give a percentage, such as 0.1%',
    ],
    [
      ["compare", "FOLDER", "FOLDER"],
      "summary.json is not there: name the folder of a load test, or a summary.json",
    ],
    [["reprot"], "error: unknown command 'reprot'"],
    [
      ["loadtest", "--topologies", "phase1,phase2", "--catch-up"],
      "sse-lab: --catch-up: none of phase1, phase2 uses Realtime; add phase3, or remove it",
    ],
    [
      ["loadtest", "--topologies", "phase2,phase3", "--bounces", "realtime-outage"],
      "sse-lab: --bounces realtime-outage: phase2 does not use Realtime; run it separately " +
        "with --topologies phase3",
    ],
    [
      ["loadtest", "--topologies", "phase3", "--realtime-plan", "gold"],
      'sse-lab: --realtime-plan: unknown Realtime plan "gold": choose from none, free, ' +
        "pro, team, enterprise",
    ],
    [
      [
        "loadtest",
        "--topologies",
        "phase3",
        "--bounces",
        "none",
        "--realtime-plan",
        "free",
        "--sessions",
        "30",
      ],
      "sse-lab: --realtime-plan free: the scenario needs 300 messages/s, counting each at " +
        "sending and at delivery: must stay below 100\n" +
        "--realtime-plan free: plan pro allows it (500 connections, 500 messages/s); lower " +
        "--sessions or --rate, or run it with --over-quota to see the limits' effect",
    ],
    [["up", "phase1", "--catch-up"], "sse-lab: --catch-up: none of phase1 uses Realtime"],
    [
      ["bounce", "phase1", "--kind", "realtime-outage"],
      "sse-lab: --kind realtime-outage: phase1 does not use Realtime; use phase3",
    ],
  ])("is refused with one line and exit code 2: %j", async (args, message) => {
    const filled = args.map((arg) => arg.replace("FOLDER", folder));
    const { exitCode, stderr, stdout } = await runCommand(filled, { K6_BIN: join(folder, "tool") });
    expect(stderr).toContain(message.replace("FOLDER", folder));
    expect(stderr).not.toContain("    at ");
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  it.each<[Record<string, string>, string[], string]>([
    [
      {
        REALTIME_URL: "https://abc.supabase.co/realtime/v1",
        REALTIME_KEY: "sb_secret_do-not-print",
      },
      [
        "loadtest",
        "--topologies",
        "phase3",
        "--realtime-plan",
        "pro",
        "--sessions",
        "20",
        "--bounces",
        "none",
      ],
      "sse-lab: REALTIME_JWT_SECRET is not set: give the project's JWT secret, which signs " +
        "the clients' tokens",
    ],
    [
      { REALTIME_URL: "https://abc.supabase.co/realtime/v1" },
      ["loadtest", "--topologies", "phase3", "--sessions", "20", "--bounces", "none"],
      "sse-lab: --realtime-plan none: the lab must not break the quota of REALTIME_URL's Realtime",
    ],
    [
      { REALTIME_JWT_SECRET: "do-not-print" },
      ["up", "phase3", "--realtime-plan", "pro"],
      "sse-lab: REALTIME_URL is not set: give https://<ref>.supabase.co/realtime/v1",
    ],
  ])("refuses half a hosted Realtime before anything starts: %j", async (env, args, message) => {
    const { exitCode, stderr, stdout } = await runCommand(args, env);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("do-not-print");
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  it.each<[string, string[], Record<string, string>, string]>([
    [
      "a folder that cannot be written",
      ["--topologies", "phase1", "--out", "/proc/none"],
      {},
      "sse-lab: --out /proc/none: cannot be written (ENOENT); name a folder that you can write\n",
    ],
    [
      "a bounce that outlasts the load",
      ["--topologies", "phase1", "--bounces", "rolling", "--duration", "5"],
      {},
      "sse-lab: --duration 5: the load ends before the longest bounce of rolling; " +
        "give 24 seconds or more, or fewer replicas\n",
    ],
    [
      "a misspelt setting",
      ["--topologies", "phase1"],
      { SSE_LAB_IMAGES: "assembeld" },
      "platform docker: as asked\nsse-lab: SSE_LAB_IMAGES=assembeld is not known. " +
        "Fix: set it to auto, official, assembled, or unset it\n",
    ],
  ])(
    "starts, fetches and builds nothing for the docker platform: %s",
    async (_, args, env, message) => {
      const results = () => readdir(fromRoot("results")).catch(() => []);
      const before = await results();
      // Each step would write a line, and the first one needs an engine, which does not answer.
      const { exitCode, stderr, stdout } = await runCommand(
        ["loadtest", "--platform", "docker", ...args],
        env,
      );
      // Another test may have a topology up.
      expect(stderr.replaceAll(/^.* belongs to another command .*\n/gm, "")).toBe(message);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(await results()).toEqual(before);
    },
  );

  it("names a tool that was set and does not run", async () => {
    const env = { SSE_LAB_TRAEFIK: join(folder, "tool") };
    const out = join(folder, "tool-missing");
    const { exitCode, stderr } = await runCommand(
      ["loadtest", "--platform", "local", "--out", out],
      env,
    );
    expect(stderr).toContain(join(folder, "tool"));
    expect(exitCode).toBe(2);
    // The same command has to work once the tool does.
    await expect(readdir(out)).rejects.toThrow("ENOENT");
  });
});

describe("the platform", () => {
  it("is host processes where no Docker engine answers, and the doctor says why", async () => {
    const { stdout } = await runCommand(["doctor"]);
    expect(stdout).toMatch(
      /platform auto\s+selects local: host processes, because no Docker engine answers at unix:\/\/\/nowhere/,
    );
  });

  it("does without k6, and the doctor says whether there is one and what it is", async () => {
    const having = await runCommand(["doctor"], { K6_BIN: K6_DOUBLE });
    expect(having.stdout).toMatch(
      /note\s+k6\s+k6-double, a contract double, not k6: 2\.3\.0 with xk6-sse 0\.2\.0/,
    );
    const lacking = await runCommand(["doctor", "--json"], { K6_BIN: "/none/k6" });
    expect(JSON.parse(lacking.stdout)).toContainEqual({
      name: "k6",
      status: "note",
      detail: "K6_BIN=/none/k6: there is no such file; only --engine k6 needs it",
      fix: expect.stringContaining(K6_BUILD) as string,
    });
  });

  it.each([["loadtest"], ["up", "phase1"]])(
    "that was asked for by name says what it lacks: %j",
    async (...args) => {
      const { exitCode, stderr, stdout } = await runCommand([...args, "--platform", "docker"]);
      expect(stderr).toContain("platform docker: as asked");
      expect(stderr).toMatch(
        /sse-lab: no Docker engine answers at unix:\/\/\/nowhere.* Fix: start Docker/,
      );
      expect(stdout).toBe("");
      expect(exitCode).toBe(2);
    },
  );
});

describe("help", () => {
  it("names every topology and shows examples", async () => {
    const { stdout, exitCode } = await runCommand(["loadtest", "--help"]);
    for (const { name } of TOPOLOGIES) expect(stdout).toContain(name);
    expect(stdout).toContain("Examples:");
    const text = stdout.replaceAll(/\s+/g, " ");
    expect(text).toContain(
      "--grace <seconds> seconds between SIGTERM and SIGKILL when a bounce stops an instance",
    );
    expect(text).toContain("0: SIGKILL at once, as Railway does by default");
    expect(text).toContain("a drain takes up to 3 seconds, and less cuts it short");
    expect(text).toContain("as long as the run's bounce needs");
    expect(text).toContain("phase3 always uses clients that behave like realtime-js");
    expect(text).toContain("a load above the limits is refused before it starts");
    expect(text).toContain("native (built in), or k6: your own k6 runs the scripts of loadtests/");
    expect(text).toContain(
      `found by K6_BIN or on PATH; k6 2.x fetches xk6-sse by itself, and ${K6_BUILD}`,
    );
    expect(exitCode).toBe(0);
  });

  it("teaches how the output of a k6 elsewhere becomes a report", async () => {
    const { stdout } = await runCommand(["report", "--help"]);
    for (const part of [
      "--console-output FILE",
      "--execution-segment",
      "ledgers/<instance>*.ndjson",
      "bounces.ndjson",
    ])
      expect(stdout).toContain(part);
  });
});
