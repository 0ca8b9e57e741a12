/**
 * Test set-up: finds or fetches the real routers and the real broker once, and tells every test
 * where they are.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledProgram } from "../../common/bundle/bundled-program.ts";
import { resolveTool } from "../../infra/tools/resolve-tool.ts";
import { buildServer } from "../../server/build.ts";
import { buildStandIn } from "../../standins/realtime/server/build.ts";

/** @returns the teardown */
export async function setup(): Promise<() => Promise<void>> {
  // Built once here, so that no test waits for them.
  await bundledProgram("load-worker");
  const folder = await mkdtemp(join(tmpdir(), "sse-lab-test-services-"));
  process.env["SSE_LAB_TEST_SERVER"] = join(folder, "server.mjs");
  process.env["SSE_LAB_TEST_STANDIN"] = join(folder, "realtime-standin.mjs");
  await buildServer(process.env["SSE_LAB_TEST_SERVER"]);
  await buildStandIn(process.env["SSE_LAB_TEST_STANDIN"]);
  const onStep = (step: string): void => void process.stderr.write(`${step}\n`);
  for (const [name, variable] of [
    ["traefik", "SSE_LAB_TRAEFIK"],
    ["valkey", "SSE_LAB_VALKEY"],
  ] as const) {
    const tool = await resolveTool(name, { onStep });
    process.env[variable] = tool.path;
  }
  // Not the lab's own setting: an unpacked package needs more than a path.
  const haproxy = await resolveTool("haproxy", { onStep });
  process.env["SSE_LAB_TEST_HAPROXY"] = haproxy.path;
  process.env["SSE_LAB_TEST_HAPROXY_LIBRARIES"] = haproxy.env["LD_LIBRARY_PATH"] ?? "";
  return () => rm(folder, { recursive: true, force: true });
}
