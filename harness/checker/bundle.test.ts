import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const MODULES = [
  "judge/session.ts",
  "judge/counts.ts",
  "records/run-record.ts",
  "records/run-context.ts",
];

describe("the bundled session judge", () => {
  it("needs no package and no Node module", async () => {
    const { metafile } = await build({
      stdin: {
        contents: MODULES.map((file) => `export * from "./${file}";`).join("\n"),
        resolveDir: import.meta.dirname,
      },
      absWorkingDir: join(import.meta.dirname, "../.."),
      bundle: true,
      format: "esm",
      platform: "neutral",
      target: "es2022",
      external: ["node:*"],
      write: false,
      metafile: true,
    });
    const foreign = Object.keys(metafile.inputs).filter(
      (input) => !/^(<stdin>|harness\/)/.test(input),
    );
    const external = Object.values(metafile.inputs).flatMap(({ imports }) =>
      imports.filter((imported) => imported.external).map(({ path }) => path),
    );
    expect({ foreign, external }).toEqual({ foreign: [], external: [] });
  });
});
