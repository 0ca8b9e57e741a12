/** Test set-up: finds or fetches the real router and the real broker once, and tells every test where they are. */
import { resolveTool } from "./platform/local/tools/resolve-tool.ts";

export async function setup(): Promise<void> {
  for (const [name, variable] of [
    ["traefik", "SSE_LAB_TRAEFIK"],
    ["valkey", "SSE_LAB_VALKEY"],
  ] as const) {
    const tool = await resolveTool(name, { onStep: (step) => process.stderr.write(`${step}\n`) });
    process.env[variable] = tool.path;
  }
}
