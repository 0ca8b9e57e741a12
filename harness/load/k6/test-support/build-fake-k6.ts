import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/** What the fake is told by its variable `K6_FAKE`, as JSON. */
export interface FakeBehaviour {
  /** Without one it does as it should. */
  mode?:
    | undefined
    | "dies"
    | "writes-nothing"
    | "hangs-silent"
    | "never-begins"
    | "plans-otherwise"
    | "skips-a-session"
    | "drops-a-session"
    | "tears-a-line"
    | "contradicts-itself"
    | "hangs"
    | "launches"
    | "fails-late";
  /** Where it writes its own pid. */
  pidFile?: string;
  /** Where it writes the pid of what it starts. */
  childFile?: string;
}

/** Makes the executable `fake-k6` in a folder, and returns its path. */
export async function buildFakeK6(folder: string): Promise<string> {
  const outfile = join(folder, "fake-k6.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "fake-k6.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    banner: { js: "#!/usr/bin/env node" },
    logLevel: "silent",
  });
  await chmod(outfile, 0o755);
  return outfile;
}
