/** A service of somebody else in containers, from its Dockerfile to its figures. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, type TestContext } from "vitest";
import { fromRoot } from "../../../common/paths.ts";
import { connectDocker } from "../../../infra/engine/docker-client.ts";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import { dockerPlatform } from "../../platform/docker/docker-platform.ts";
import { readServiceFile } from "../../service/read-service-file.ts";
import { refuseMisfit } from "./refuse-misfit.ts";
import { toProgram } from "./service-program.ts";

const FOLDER = fromRoot("examples", "go-nethttp");
const topology = TOPOLOGIES.find(({ name }) => name === "phase1")!;
const service = await readServiceFile(join(FOLDER, "sse-lab.service.yaml"), {});

let folder: string;
let missing: string | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-container-"));
  const args = ["build", "-o", "server", "."];
  try {
    const env = { ...process.env, CGO_ENABLED: "0" };
    execFileSync("go", args, { cwd: FOLDER, env, stdio: "ignore" });
  } catch (error) {
    missing = `go does not work here: ${(error as Error).message}`;
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const needsGo = ({ skip }: TestContext): void => {
  if (missing !== undefined) skip(missing);
};

it("its instances are confined, fit the file, and stop as it says", async (context) => {
  needsGo(context);
  const program = toProgram(service, topology, {});
  const start = (values: Parameters<typeof program.start>[0]) => {
    const { command, environment } = program.start(values);
    return { command, environment: { ...environment, SEEN: "${revision} ${instance}" } };
  };
  const told: string[] = [];
  const deployment = await dockerPlatform.up({
    topology,
    replicas: 2,
    redis: "up",
    service: { ...program, start, stopSignal: "SIGINT", graceMs: 7_000 },
    workDir: join(folder, "up"),
    onInstance: (instance, state) => void told.push(`${instance} ${state}`),
  });
  try {
    const { docker } = await connectDocker();
    const inspect = () => docker.getContainer(`${deployment.id}-server-2`).inspect();
    const { Config, HostConfig } = await inspect();
    expect(Config).toMatchObject({ User: "65532:65532", StopSignal: "SIGINT" });
    expect(HostConfig).toMatchObject({
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
    });
    expect(Config.Env).toEqual(
      expect.arrayContaining(["PORT=8080", "HOST=0.0.0.0", "SEEN=1 ${instance}"]),
    );
    expect(deployment.versions["go-nethttp"]).toMatch(/^[0-9a-f]{12} \(built image\)$/);
    // One instance, then sessions through the router.
    const { signal } = new AbortController();
    await refuseMisfit(service, deployment, signal);
    await refuseMisfit(service, { url: deployment.url, instances: [], instanceUrls: {} }, signal);

    told.length = 0;
    await deployment.control.deploy({ strategy: "recreate", graceMs: 1_000 });
    expect(told.filter((what) => what.startsWith("server-2 "))).toEqual([
      "server-2 not-ready",
      "server-2 stopped",
      "server-2 started",
      "server-2 ready",
    ]);
    expect((await inspect()).Config.Env).toContain("SEEN=2 ${instance}");
  } finally {
    await deployment.down();
  }
}, 300_000);
