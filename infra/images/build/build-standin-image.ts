/** The stand-in's image on an official Node.js: its bundle, copied. */
import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildImage, type BuildOptions } from "./build-image.ts";
import type { PreparedImage } from "../prepared-image.ts";
import { fromRoot } from "../../../common/paths.ts";

export const STANDIN_FILES = fromRoot("standins/realtime/server/image");
const FILES = ["Dockerfile", "healthy.bash"];

/** @throws UserError with the builder's last lines */
export const buildStandinImage = async (
  bundle: Buffer,
  version: string,
  options: BuildOptions,
): Promise<PreparedImage> => {
  const context = await mkdtemp(join(tmpdir(), "sse-lab-standin-"));
  try {
    const hash = createHash("sha256").update(`${options.base.id}\n`).update(bundle);
    for (const file of FILES) {
      await copyFile(join(STANDIN_FILES, file), join(context, file));
      hash.update(await readFile(join(context, file)));
    }
    await writeFile(join(context, "realtime-standin.mjs"), bundle);
    return await buildImage(
      {
        part: "realtime-standin",
        from: "its own bundle",
        dockerfile: join(context, "Dockerfile"),
        context,
        inputs: hash.digest("hex"),
        version,
      },
      options,
    );
  } finally {
    await rm(context, { recursive: true, force: true });
  }
};
