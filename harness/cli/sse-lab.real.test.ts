import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa, type Options } from "execa";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { NO_ENGINE, NOT_HOSTED } from "./test-support/run-command.ts";
import { readBounces } from "../run/merge/remote-evidence.ts";
import { PROJECT_ROOT } from "../../common/paths.ts";

const BIN = join(PROJECT_ROOT, "harness", "cli", "sse-lab.mjs");
const K6_DOUBLE = join(PROJECT_ROOT, "standins", "k6", "k6-double.mjs");
/** Nothing listens there. Versions of Node that know the first variable send every fetch to it. */
const DEAD_PROXY = {
  NODE_USE_ENV_PROXY: "1",
  ...Object.fromEntries(
    ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map((name) => [
      name,
      "http://127.0.0.1:9",
    ]),
  ),
};
const sseLab = (args: readonly string[], { env, ...options }: Options = {}) =>
  execa(process.execPath, [BIN, ...args], {
    reject: false,
    cwd: PROJECT_ROOT,
    env: { ...NO_ENGINE, ...NOT_HOSTED, ...DEAD_PROXY, ...env },
    ...options,
  });

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "sse-lab-cli-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/**
 * Command lines of the processes that run below a folder of this name (Linux: from /proc, else from
 * ps).
 */
async function processesOf(folderName: string): Promise<string[]> {
  if (process.platform !== "linux") {
    const { stdout } = await execa("ps", ["-eo", "args"]);
    return stdout.split("\n").filter((line) => line.includes(folderName));
  }
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  return (await Promise.all(lines)).filter((line) => line.includes(folderName));
}

describe("a start of the command", () => {
  it("prints help from the bundle", async () => {
    const { stdout, exitCode } = await sseLab(["--help"]);
    expect(stdout).toContain("loadtest");
    expect(exitCode).toBe(0);
  });

  it("refuses bad input with one line and exit code 2", async () => {
    const { stdout, stderr, exitCode } = await sseLab(["loadtest", "--sessions", "0"]);
    expect(stderr).toBe(
      "sse-lab: --sessions: 0 is out of range: give 1 to 19000 concurrent streams",
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
  });

  it("refuses more streams than the open-file limit allows, and names the number that fits", async () => {
    const limited =
      `ulimit -n 1024 && exec ${process.execPath} ${BIN} loadtest --platform local ` +
      `--sessions 400 --out ${folder}/files`;
    const { exitCode, stderr } = await execa("bash", ["-c", limited], {
      reject: false,
      cwd: PROJECT_ROOT,
    });
    expect(stderr).toContain(
      "--sessions 400: needs 2100 open files in the router, the limit here is 1024",
    );
    expect(stderr).toContain("use --sessions 131 at most");
    expect(exitCode).toBe(2);
  });
});

describe("a loadtest that is interrupted", () => {
  const start = (out: string, engine: string) =>
    sseLab(
      (
        "loadtest --platform local --topologies phase2 --bounces none --sessions 20 --engine " +
        `${engine} --out`
      )
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

describe("a topology that is up", () => {
  let id: string;
  let url: string;
  let instanceUrls: Record<string, string>;
  beforeAll(async () => {
    const up = await sseLab(["up", "phase1", "--platform", "local", "--replicas", "2", "--json"]);
    ({ id, url, instanceUrls } = JSON.parse(String(up.stdout)) as {
      id: string;
      url: string;
      instanceUrls: Record<string, string>;
    });
  });
  afterAll(() => sseLab(["down"]));

  it.each([
    ["crash", "killed"],
    ["rolling", "not-ready"],
  ])("is whole again when a bounce of %s is interrupted", async (kind, moment) => {
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
    expect(stderr).toMatch(/ {2}starting server-\d/);
    for (const each of [url, ...Object.values(instanceUrls)]) {
      expect((await fetch(`${each}/readyz`)).status).toBe(200);
    }
  });

  it("says what of it has ended, and how to go on", async () => {
    const state = await readFile(join(PROJECT_ROOT, ".sse-lab", "state", `${id}.json`), "utf8");
    const { processes } = JSON.parse(state) as {
      processes: { identity: { pid: number }; spec: { name: string } }[];
    };
    for (const { identity, spec } of processes) {
      if (["traefik", "server-2"].includes(spec.name)) process.kill(identity.pid, "SIGKILL");
    }
    const again = await sseLab(["up", "phase1", "--platform", "local"]);
    expect(again.stderr).toContain(
      `sse-lab: up phase1: it is up on local, but the router at ${url} and server-2 at ` +
        `${instanceUrls["server-2"] ?? ""} do not answer; remove it with make down`,
    );
    expect(again).toMatchObject({ exitCode: 2, stdout: "" });
  });
});

describe("up, bounce and down", () => {
  it("leave a topology running over commands, bounce it, and remove it", async () => {
    // More replicas than the default load would outlast a rolling bounce of: `up` makes no load.
    const up = await sseLab(["up", "phase2", "--platform", "local", "--replicas", "4"]);
    expect(up.exitCode).toBe(0);
    expect(up.stderr).toContain("platform local: as asked");
    expect(up.stdout).toContain("server-4");
    expect(up.stdout).toContain("make loadtest ATTACH=phase2");
    const url = /router\s+(\S+)/.exec(String(up.stdout))?.[1] ?? "";
    try {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const again = await sseLab(["up", "phase2", "--platform", "local", "--json"]);
      expect(again.stderr).toContain("phase2 is up already on local");
      expect(JSON.parse(String(again.stdout))).toMatchObject({
        topology: "phase2",
        platform: "local",
        url,
      });
      const fewer = await sseLab(["up", "phase2", "--platform", "local", "--replicas", "2"]);
      expect(fewer.stderr).toContain(
        "sse-lab: --replicas 2: phase2 is up on local with 4; remove it",
      );
      expect(fewer).toMatchObject({ exitCode: 2, stdout: "" });
      const record = join(folder, "bounces.ndjson");
      const bounce = await sseLab(["bounce", "phase2", "--kind", "crash", "--record", record]);
      expect(bounce.stdout).toMatch(
        /server-\d killed[^]*server-\d ready[^]*crash of server-\d ended/,
      );
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
    const up = await sseLab([
      "up",
      "phase3",
      "--platform",
      "local",
      "--replicas",
      "2",
      "--catch-up",
    ]);
    expect(up.stderr).toContain("starting valkey");
    expect(up.stdout).toMatch(/realtime\s+ws:\/\/127\.0\.0\.1:\d+\/socket/);
    expect(up.stdout).toContain(
      "realtime-standin is a stand-in of the lab and not Supabase's server",
    );
    expect(up.exitCode).toBe(0);
    const again = await sseLab(["up", "phase3", "--platform", "local", "--realtime-plan", "free"]);
    expect(again.stderr).toContain(
      "sse-lab: --realtime-plan: phase3 is up on local already, and keeps its",
    );
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
      expect(stderr).toContain("  starting realtime-standin");
      expect((await fetch(`http:${health}healthcheck`)).status).toBe(200);
    } finally {
      await sseLab(["down"]);
    }
    await expect(fetch(`http:${health}healthcheck`)).rejects.toThrow("fetch failed");
  });

  it(
    "work for a topology with HAProxy, with a deploy that kills at once, and tell programs " +
      "what was removed",
    async () => {
      const up = await sseLab([
        "up",
        "phase1-header",
        "--platform",
        "local",
        "--replicas",
        "2",
        "--json",
      ]);
      expect(up.stderr).toContain("starting haproxy");
      const { id, url, dashboardUrl } = JSON.parse(String(up.stdout)) as Record<string, string>;
      let down: Awaited<ReturnType<typeof sseLab>> | undefined;
      try {
        expect(await (await fetch(dashboardUrl ?? "")).text()).toContain("HAProxy");
        const bounce = await sseLab([
          "bounce",
          "phase1-header",
          "--kind",
          "rolling",
          "--grace",
          "0",
        ]);
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
      // Two servers, the router, and the relay that partitions cut.
      expect(platforms["local"]?.swept).toContainEqual({ id, what: "4 processes" });
    },
  );
});
