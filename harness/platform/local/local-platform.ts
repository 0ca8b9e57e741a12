/** The local platform: real Traefik, real Valkey and the real server bundle as processes of this host. */
import { localParts } from "./local-parts.ts";
import type { LocalDeployment } from "./local-deployment.ts";
import { bringUp } from "./bring-up.ts";
import type { Platform, UpOptions } from "../platform.ts";

export interface LocalPlatform extends Platform {
  name: "local";
  up(options: UpOptions): Promise<LocalDeployment>;
}

/** @throws ToolError, WaitError or the reason of the abort; whatever was started is gone by then */
export const localPlatform: LocalPlatform = {
  name: "local",
  prepare: async ({ topologies, onStep, signal }) => {
    await localParts.resolveTool("traefik", { onStep, signal });
    if (topologies.some(({ broadcaster }) => broadcaster === "redis")) {
      await localParts.resolveTool("valkey", { onStep, signal });
    }
  },
  up: (options) => bringUp(options, localParts),
};
