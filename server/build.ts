import { bundleService } from "../common/bundle/bundle-service.ts";

/** Bundles the server into `outFile` (ends in `.mjs`). */
export const buildServer = (outFile: string): Promise<void> =>
  bundleService("server/src/main.ts", outFile);
