/** Test set-up: finds or fetches the real routers and the real broker once, and tells every test where they are. */
import { resolveTool } from "./platform/local/tools/resolve-tool.ts";

export async function setup(): Promise<void> {
  const onStep = (step: string): void => void process.stderr.write(`${step}\n`);
  for (const [name, variable] of [
    ["traefik", "SSE_LAB_TRAEFIK"],
    ["valkey", "SSE_LAB_VALKEY"],
  ] as const) {
    const tool = await resolveTool(name, { onStep });
    process.env[variable] = tool.path;
  }
  // No setting for HAProxy: an unpacked package needs more than a path. From here on the cache has it.
  await resolveTool("haproxy", { onStep });
}
