import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa, type Options } from "execa";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { TOPOLOGIES } from "../../infra/topologies.ts";
import { readBounces } from "../run/merge/remote-evidence.ts";
import { PROJECT_ROOT } from "../../common/paths.ts";

const BIN = join(PROJECT_ROOT, "harness", "cli", "sse-lab.mjs");
const K6_DOUBLE = join(PROJECT_ROOT, "loadtests", "k6-double", "k6-double.mjs");
/** No engine for these commands, so that `auto` means host processes, and `down` touches nobody's containers. */
const NO_ENGINE = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
/** And no hosted Realtime: an empty variable counts as not set. */
const NOT_HOSTED = { REALTIME_URL: "", REALTIME_KEY: "", REALTIME_JWT_SECRET: "", REALTIME_ANON_KEY: "" };
const sseLab = (args: readonly string[], { env, ...options }: Options = {}) =>
  execa(process.execPath, [BIN, ...args], {
    reject: false,
    cwd: PROJECT_ROOT,
    env: { ...NO_ENGINE, ...NOT_HOSTED, ...env },
    ...options,
  });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-cli-"));
  await writeFile(join(folder, "typo.json"), '{"sesions": 3}');
  await writeFile(join(folder, "broken.json"), "{");
  await writeFile(join(folder, "tool"), "not a program");
  await mkdir(join(folder, "k6"));
  await writeFile(join(folder, "k6", "k6.log"), "running\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Command lines of the processes that run below a folder of this name (Linux: from /proc, else from ps). */
async function processesOf(folderName: string): Promise<string[]> {
  if (process.platform !== "linux") {
    const { stdout } = await execa("ps", ["-eo", "args"]);
    return stdout.split("\n").filter((line) => line.includes(folderName));
  }
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  return (await Promise.all(lines)).filter((line) => line.includes(folderName));
}

describe("bad input", () => {
  it.each<[string[], string]>([
    [
      ["loadtest", "--topologies", "phase9"],
      'sse-lab: --topologies: unknown topology "phase9": choose from phase0',
    ],
    [["loadtest", "--bounces", "flood"], 'sse-lab: --bounces: unknown bounce "flood": choose from none'],
    [
      ["loadtest", "--sessions", "0"],
      "sse-lab: --sessions: 0 is out of range: give 1 to 19000 concurrent streams",
    ],
    [["loadtest", "--rate", "-1"], "sse-lab: --rate: -1 is out of range"],
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
    [["loadtest", "--grace", "61"], "sse-lab: --grace: 61 is out of range: give 0 to 60 seconds"],
    [
      ["loadtest", "--topologies", "phase1-header", "--client", "eventsource"],
      "sse-lab: --client eventsource: phase1-header keeps sessions together by the header X-Session-ID, which a browser's EventSource cannot send",
    ],
    [
      ["loadtest", "--platform", "local", "--bounces", "rolling", "--duration", "5"],
      "sse-lab: --duration 5: the load would be over before a bounce of rolling is; give 12 seconds or more",
    ],
    [["loadtest", "--engine", "k7"], "sse-lab: --engine k7: unknown engine; choose from native, k6"],
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
    [["loadtest", "--scenario", "nowhere.json"], "sse-lab: --scenario nowhere.json: cannot be read (ENOENT)"],
    [
      ["loadtest", "--scenario", "FOLDER/typo.json"],
      'sse-lab: unknown scenario key "sesions": known keys are topologies',
    ],
    [["loadtest", "--scenario", "FOLDER/broken.json"], "broken.json: is not JSON"],
    [["loadtest", "--out", "FOLDER"], "--out FOLDER: is not empty; name a new or empty folder"],
    [["loadtest", "--out", "/proc/none"], "sse-lab: --out /proc/none: cannot be written (ENOENT)"],
    [["up", "phase9"], 'sse-lab: up: unknown topology "phase9"'],
    [["up", "phase1", "--replicas", "1"], "sse-lab: --replicas: 1 is out of range: give 2 to 10 replicas"],
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
    [["bounce", "phase1", "--kind", "none"], "error: option '--kind <kind>' argument 'none' is invalid"],
    [["report", "FOLDER"], "is not the folder of a run (no manifest.json)"],
    [
      ["compare", "FOLDER", "FOLDER"],
      "summary.json is not there: name a folder of a loadtest or a summary.json",
    ],
    [["reprot"], "error: unknown command 'reprot'"],
    [
      ["loadtest", "--topologies", "phase1,phase2", "--catch-up"],
      "sse-lab: --catch-up: none of phase1, phase2 uses Realtime; add phase3 or leave it out",
    ],
    [
      ["loadtest", "--topologies", "phase2,phase3", "--bounces", "realtime-outage"],
      "sse-lab: --bounces realtime-outage: phase2 has no Realtime that could go away; run it separately with --topologies phase3",
    ],
    [
      ["loadtest", "--topologies", "phase3", "--realtime-plan", "gold"],
      'sse-lab: --realtime-plan: unknown Realtime plan "gold": choose from none, free, pro, team, enterprise',
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
      "sse-lab: --realtime-plan free: the scenario needs 300 messages/s, each counted when it is sent and when it is delivered: must stay below 100\n" +
        "--realtime-plan free: plan pro carries it (500 connections, 500 messages/s); lower --sessions or --rate, or --over-quota shows what the limits do to it",
    ],
    [["up", "phase1", "--catch-up"], "sse-lab: --catch-up: none of phase1 uses Realtime"],
    [
      ["bounce", "phase1", "--kind", "realtime-outage"],
      "sse-lab: --kind realtime-outage: phase1 has no Realtime that could go away; phase3 has",
    ],
  ])("is refused with one line and exit code 2: %j", async (args, message) => {
    const filled = args.map((arg) => arg.replace("FOLDER", folder));
    const { exitCode, stderr, stdout } = await sseLab(filled, { env: { K6_BIN: join(folder, "tool") } });
    expect(stderr).toContain(message.replace("FOLDER", folder));
    expect(stderr).not.toContain("    at ");
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  it.each<[Record<string, string>, string[], string]>([
    [
      { REALTIME_URL: "https://abc.supabase.co/realtime/v1", REALTIME_KEY: "sb_secret_do-not-print" },
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
      "sse-lab: REALTIME_JWT_SECRET is not set: give the project's JWT secret, which signs the clients' tokens",
    ],
    [
      { REALTIME_URL: "https://abc.supabase.co/realtime/v1" },
      ["loadtest", "--topologies", "phase3", "--sessions", "20", "--bounces", "none"],
      "sse-lab: --realtime-plan none: the lab can't see which plan the Realtime of REALTIME_URL has",
    ],
    [
      { REALTIME_JWT_SECRET: "do-not-print" },
      ["up", "phase3", "--realtime-plan", "pro"],
      "sse-lab: REALTIME_URL is not set: give https://<ref>.supabase.co/realtime/v1",
    ],
  ])("refuses half a hosted Realtime before anything starts: %j", async (env, args, message) => {
    const { exitCode, stderr, stdout } = await sseLab(args, { env });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("do-not-print");
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  it("names a tool that was set and does not run", async () => {
    const env = { SSE_LAB_TRAEFIK: join(folder, "tool") };
    const out = join(folder, "tool-missing");
    const { exitCode, stderr } = await sseLab(["loadtest", "--platform", "local", "--out", out], { env });
    expect(stderr).toContain(join(folder, "tool"));
    expect(exitCode).toBe(2);
    // The same command has to work once the tool does.
    await expect(readdir(out)).rejects.toThrow("ENOENT");
  });

  it("refuses more streams than the open-file limit carries, and says how many fit", async () => {
    const limited = `ulimit -n 1024 && exec ${process.execPath} ${BIN} loadtest --platform local --sessions 400 --out ${folder}/files`;
    const { exitCode, stderr } = await execa("bash", ["-c", limited], { reject: false, cwd: PROJECT_ROOT });
    expect(stderr).toContain("--sessions 400: needs 1300 open files in the router, the limit here is 1024");
    expect(stderr).toContain("use --sessions 262 at most");
    expect(exitCode).toBe(2);
  });
});

describe("the platform", () => {
  it("is host processes where no Docker engine answers, and the doctor says why", async () => {
    const { stdout } = await sseLab(["doctor"]);
    expect(stdout).toMatch(
      /platform auto\s+takes local: host processes, because no Docker engine answers at unix:\/\/\/nowhere/,
    );
  });

  it("does without k6, and the doctor says whether there is one and what it is", async () => {
    const having = await sseLab(["doctor"], { env: { K6_BIN: K6_DOUBLE } });
    expect(having.stdout).toMatch(
      /note\s+k6\s+k6-double, a contract double, not k6: 1\.2\.1 with xk6-sse 0\.1\.12/,
    );
    const lacking = await sseLab(["doctor", "--json"], { env: { K6_BIN: "/none/k6" } });
    expect(JSON.parse(String(lacking.stdout))).toContainEqual({
      name: "k6",
      status: "note",
      detail: "K6_BIN=/none/k6: there is no such file; only --engine k6 needs it",
      fix: expect.stringContaining("xk6 build v1.2.1 --with github.com/phymbert/xk6-sse@v0.1.12") as string,
    });
  });

  it.each([["loadtest"], ["up", "phase1"]])(
    "that was asked for by name says what it lacks: %j",
    async (...args) => {
      const { exitCode, stderr, stdout } = await sseLab([...args, "--platform", "docker"]);
      expect(stderr).toContain("platform docker: as asked");
      expect(stderr).toMatch(/sse-lab: no Docker engine answers at unix:\/\/\/nowhere.* Fix: start Docker/);
      expect(stdout).toBe("");
      expect(exitCode).toBe(2);
    },
  );
});

describe("help", () => {
  it("names every topology and shows examples", async () => {
    const { stdout, exitCode } = await sseLab(["loadtest", "--help"]);
    for (const { name } of TOPOLOGIES) expect(stdout).toContain(name);
    expect(stdout).toContain("Examples:");
    const text = String(stdout).replaceAll(/\s+/g, " ");
    expect(text).toContain(
      "--grace <seconds> seconds between SIGTERM and SIGKILL when a bounce stops an instance",
    );
    expect(text).toContain("0: SIGKILL at once, as Railway does by default");
    expect(text).toContain("a drain takes up to 3 seconds, so less than that may cut it short");
    expect(text).toContain("or longer where a bounce on the platform needs it");
    expect(text).toContain("phase3 always has clients that do as realtime-js does");
    expect(text).toContain("a load beyond them is refused before it starts");
    expect(text).toContain("native (built in), or k6: the scripts of loadtests/ on a k6 of yours");
    expect(text).toContain("found by K6_BIN or on PATH; xk6 build v1.2.1 --with github.com/phymbert/xk6-sse");
    expect(exitCode).toBe(0);
  });

  it("teaches how the output of a k6 elsewhere becomes a report", async () => {
    const { stdout } = await sseLab(["report", "--help"]);
    for (const part of [
      "--console-output FILE",
      "--execution-segment",
      "ledgers/<instance>*.ndjson",
      "bounces.ndjson",
    ])
      expect(stdout).toContain(part);
  });
});

describe("a loadtest that is interrupted", () => {
  const start = (out: string, engine: string) =>
    sseLab(
      `loadtest --platform local --topologies phase2 --bounces none --sessions 20 --engine ${engine} --out`
        .split(" ")
        .concat(out),
      { env: { K6_BIN: K6_DOUBLE } },
    );
  const workFolders = () => readdir(join(PROJECT_ROOT, ".sse-lab", "work")).catch(() => []);

  it.each([
    ["SIGINT", "native"],
    ["SIGKILL", "native"],
    ["SIGINT", "k6"],
    ["SIGKILL", "k6"],
  ] as const)("leaves nothing behind after %s, with engine %s", async (signal, engine) => {
    const out = join(folder, `${signal}-${engine}`);
    const command = start(out, engine);
    const mine = `run-${command.pid ?? 0}-`;
    // The load runs once the router of this very run is up, and k6 where that makes it.
    const last = engine === "k6" ? "k6-double.mjs" : "traefik";
    await vi.waitFor(async () => expect((await processesOf(mine)).join()).toContain(last), 30_000);
    command.kill(signal);
    const { exitCode, stdout } = await command;
    await vi.waitFor(async () => expect(await processesOf(mine)).toEqual([]), 30_000);
    expect(stdout).toBe("");
    if (signal === "SIGINT") expect(exitCode).toBe(130);
    // What only a living process could remove, the next command removes.
    if (signal === "SIGKILL") await sseLab(["down"]);
    expect((await workFolders()).filter((name) => name.startsWith(mine))).toEqual([]);
  });
});

describe("up, bounce and down", () => {
  it("leave a topology running over commands, bounce it, and remove it", async () => {
    // More replicas than the default load would outlast a rolling bounce of: `up` makes no load.
    const up = await sseLab(["up", "phase2", "--platform", "local", "--replicas", "4"]);
    expect(up.exitCode).toBe(0);
    expect(up.stderr).toContain("platform local: as asked");
    expect(up.stdout).toContain("server-4");
    expect(up.stdout).toContain("make loadtest TOPOLOGIES=phase2 PLATFORM=local");
    const url = /router\s+(\S+)/.exec(String(up.stdout))?.[1] ?? "";
    try {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const again = await sseLab(["up", "phase2", "--platform", "local", "--json"]);
      expect(again.stderr).toContain("phase2 is up already on local");
      expect(JSON.parse(String(again.stdout))).toMatchObject({ topology: "phase2", platform: "local", url });
      const fewer = await sseLab(["up", "phase2", "--platform", "local", "--replicas", "2"]);
      expect(fewer.stderr).toContain("sse-lab: --replicas 2: phase2 is up on local with 4; take it down");
      expect(fewer).toMatchObject({ exitCode: 2, stdout: "" });
      const record = join(folder, "bounces.ndjson");
      const bounce = await sseLab(["bounce", "phase2", "--kind", "crash", "--record", record]);
      expect(bounce.stdout).toMatch(/server-\d killed[^]*server-\d ready[^]*crash of server-\d ended/);
      expect(bounce.exitCode).toBe(0);
      const told = (await readBounces(folder)).map(({ type, ...one }) =>
        "state" in one ? `${type} ${one.state}` : type,
      );
      expect(told).toEqual([
        "bounce started",
        "instance killed",
        "instance started",
        "instance ready",
        "bounce ended",
      ]);
      const doctor = await sseLab(["doctor"]);
      expect(doctor.stdout).toMatch(/up on local\s+phase2-\w+ at http/);
    } finally {
      await sseLab(["down"]);
    }
    await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");
  });

  it("leave phase3 running with the stand-in named as one, and take its Realtime away and back", async () => {
    const up = await sseLab(["up", "phase3", "--platform", "local", "--replicas", "2", "--catch-up"]);
    expect(up.stderr).toContain("starting valkey");
    expect(up.stdout).toMatch(/realtime\s+ws:\/\/127\.0\.0\.1:\d+\/socket/);
    expect(up.stdout).toContain("realtime-standin is a stand-in of the lab and not Supabase's server");
    expect(up.exitCode).toBe(0);
    const again = await sseLab(["up", "phase3", "--platform", "local", "--realtime-plan", "free"]);
    expect(again.stderr).toContain("sse-lab: --realtime-plan: phase3 is up on local already, and keeps what");
    expect(again.exitCode).toBe(2);
    const health = String(/ws:(\S+)socket/.exec(String(up.stdout))?.[1]);
    try {
      const bounce = await sseLab(["bounce", "phase3", "--kind", "realtime-outage"]);
      expect(bounce.stdout).toMatch(
        /realtime-outage of realtime-standin started[^]*realtime-outage of realtime-standin ended/,
      );
      expect(bounce.stdout).not.toContain("ended by itself");
      expect(bounce.exitCode).toBe(0);
      expect((await fetch(`http:${health}healthcheck`)).status).toBe(200);

      const interrupted = sseLab(["bounce", "phase3", "--kind", "realtime-outage"]);
      interrupted.stdout?.once("data", () => interrupted.kill("SIGINT"));
      const { exitCode, stderr } = await interrupted;
      expect(exitCode).toBe(130);
      expect(stderr).toContain("bringing back realtime-standin\n  starting realtime-standin");
      expect((await fetch(`http:${health}healthcheck`)).status).toBe(200);
    } finally {
      await sseLab(["down"]);
    }
    await expect(fetch(`http:${health}healthcheck`)).rejects.toThrow("fetch failed");
  });

  it.each([
    ["crash", "killed"],
    ["rolling", "not-ready"],
  ])("leave nothing down when a bounce of %s is interrupted", async (kind, moment) => {
    const up = await sseLab(["up", "phase1", "--platform", "local", "--replicas", "2", "--json"]);
    const { url, instanceUrls } = JSON.parse(String(up.stdout)) as {
      url: string;
      instanceUrls: Record<string, string>;
    };
    try {
      const bounce = sseLab(["bounce", "phase1", "--kind", kind]);
      let told = "";
      bounce.stdout?.on("data", (chunk: Buffer) => {
        const before = told;
        told += chunk.toString();
        // Once: a second one means to leave at once.
        if (!before.includes(moment) && told.includes(moment)) bounce.kill("SIGINT");
      });
      const { exitCode, stderr } = await bounce;
      expect(exitCode).toBe(130);
      expect(stderr).toMatch(/bringing back server-\d\n {2}starting server-\d/);
      for (const each of [url, ...Object.values(instanceUrls)]) {
        expect((await fetch(`${each}/readyz`)).status).toBe(200);
      }
    } finally {
      await sseLab(["down"]);
    }
  });

  it("says what has ended of a topology that is up, and how to go on", async () => {
    const up = await sseLab(["up", "phase1", "--platform", "local", "--replicas", "2", "--json"]);
    const { id, url, instanceUrls } = JSON.parse(String(up.stdout)) as {
      id: string;
      url: string;
      instanceUrls: Record<string, string>;
    };
    try {
      const state = await readFile(join(PROJECT_ROOT, ".sse-lab", "state", `${id}.json`), "utf8");
      const { processes } = JSON.parse(state) as {
        processes: { identity: { pid: number }; spec: { name: string } }[];
      };
      for (const { identity, spec } of processes) {
        if (["traefik", "server-2"].includes(spec.name)) process.kill(identity.pid, "SIGKILL");
      }
      const again = await sseLab(["up", "phase1", "--platform", "local"]);
      expect(again.stderr).toContain(
        `sse-lab: up phase1: it is up on local, but the router at ${url} and server-2 at ${instanceUrls["server-2"] ?? ""} do not answer; take it down with make down`,
      );
      expect(again).toMatchObject({ exitCode: 2, stdout: "" });
    } finally {
      await sseLab(["down"]);
    }
  });

  it("work for a topology with HAProxy, with a deploy that kills at once, and tell programs what was removed", async () => {
    const up = await sseLab(["up", "phase1-header", "--platform", "local", "--replicas", "2", "--json"]);
    expect(up.stderr).toContain("starting haproxy");
    const { id, url, dashboardUrl } = JSON.parse(String(up.stdout)) as Record<string, string>;
    let down: Awaited<ReturnType<typeof sseLab>> | undefined;
    try {
      expect(await (await fetch(dashboardUrl ?? "")).text()).toContain("HAProxy");
      const bounce = await sseLab(["bounce", "phase1-header", "--kind", "rolling", "--grace", "0"]);
      expect(bounce.stdout).toMatch(
        /rolling of server-1 started[^]*server-1 killed[^]*server-1 ready[^]*rolling of server-1 ended[^]*rolling of server-2 ended/,
      );
      expect(bounce.stdout).not.toContain("not-ready");
      expect(bounce.exitCode).toBe(0);
      expect((await fetch(`${url ?? ""}/readyz`)).status).toBe(200);
    } finally {
      down = await sseLab(["down", "--json"]);
    }
    const { platforms } = JSON.parse(String(down.stdout)) as {
      platforms: Record<string, { swept: unknown[] }>;
    };
    // Two servers and the router.
    expect(platforms["local"]?.swept).toContainEqual({ id, what: "3 processes" });
  });
});
