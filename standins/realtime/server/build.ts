import { bundleService } from "../../../common/bundle/bundle-service.ts";

/** Bundles the stand-in into `outFile` (ends in `.mjs`). */
export const buildStandIn = (outFile: string): Promise<void> =>
  bundleService("standins/realtime/server/main.ts", outFile);
