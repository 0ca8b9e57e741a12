/** The server image by server/Dockerfile. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { buildImage, type BuildOptions } from "./build-image.ts";
import type { PreparedImage } from "../prepared-image.ts";
import { fromRoot, PROJECT_ROOT } from "../../../common/paths.ts";

/** What .dockerignore lets through, and what decides how it is built. */
const INPUTS = [
  ".dockerignore",
  ".npmrc",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "server/Dockerfile",
  "server/build.ts",
  "server/bundle.ts",
  "server/ready.bash",
];

const sources = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"),
    )
    .map((entry) => relative(PROJECT_ROOT, join(entry.parentPath, entry.name)));

/** Hash of everything that the image is made from. */
const inputsOf = async (baseId: string): Promise<string> => {
  const hash = createHash("sha256").update(`${baseId}\n`);
  const files = [
    ...INPUTS,
    ...(await sources(fromRoot("server", "src"))),
    ...(await sources(fromRoot("common"))),
  ].sort();
  for (const file of files) {
    const content = await readFile(join(PROJECT_ROOT, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
};

/** @throws UserError with the builder's last lines */
export const buildServerImage = async (options: BuildOptions): Promise<PreparedImage> =>
  buildImage(
    {
      part: "server",
      from: "server/Dockerfile",
      dockerfile: join(PROJECT_ROOT, "server", "Dockerfile"),
      context: PROJECT_ROOT,
      inputs: await inputsOf(options.base.id),
      version: options.base.version,
    },
    options,
  );
