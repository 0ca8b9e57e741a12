/**
 * An image as `docker load` takes it, written without any builder. Neither buildx nor the legacy builder (deprecated) is needed,
 * nothing is run in it, nothing half-made stays in the engine, and the image's id follows from its content alone.
 */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { IMAGE_LABELS } from "../../images/prepared-image.ts";
import { tarBytes, tarEnd, tarEntries, tarHeader, tarStream, type TarEntry } from "./tar-stream.ts";

/** Of the image, as the engine spells it. Durations in ns. */
export interface ImageConfig {
  User: string;
  WorkingDir: string;
  Env: readonly string[];
  Entrypoint: readonly string[];
  Cmd?: readonly string[];
  ExposedPorts: Readonly<Record<string, object>>;
  StopSignal?: string;
  Healthcheck?: {
    Test: readonly string[];
    Interval: number;
    Timeout: number;
    StartPeriod: number;
    Retries: number;
  };
  Labels: Readonly<Record<string, string>>;
}

export interface ImageLayout {
  /** From the bottom up; each is one layer, shared with other images that begin with the same ones. */
  layers: readonly (readonly TarEntry[])[];
  config: ImageConfig;
}

export interface SealedImage extends ImageLayout {
  diffIds: readonly string[];
  /** Hash of everything in it, 64 hexadecimal digits. */
  inputs: string;
}

/** With all parent folders, which the engine would make with rights of its own choice; sorted. */
export const withFolders = (entries: readonly TarEntry[]): TarEntry[] => {
  const all = new Map<string, TarEntry>();
  for (const entry of entries) {
    for (let folder = posix.dirname(entry.path); folder !== "."; folder = posix.dirname(folder)) {
      if (!all.has(folder)) all.set(folder, { path: folder, mode: 0o755 });
    }
    all.set(entry.path, entry);
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
};

const sha256 = (data: string): string => createHash("sha256").update(data).digest("hex");

/** Reads all files once. The same content gives the same `inputs`. */
export const sealImage = async (layout: ImageLayout): Promise<SealedImage> => {
  const diffIds: string[] = [];
  for (const layer of layout.layers) {
    const hash = createHash("sha256");
    for await (const chunk of tarStream(layer)) hash.update(chunk);
    diffIds.push(`sha256:${hash.digest("hex")}`);
  }
  return { ...layout, diffIds, inputs: sha256(JSON.stringify([diffIds, layout.config])) };
};

/** Architectures as the engine calls them. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  ia32: "386",
};
export const hostArchitecture = (): string => ARCHITECTURES[process.arch] ?? process.arch;

const imageJson = (image: SealedImage): string => {
  const created = new Date(0).toISOString();
  return JSON.stringify({
    architecture: hostArchitecture(),
    os: "linux",
    created,
    config: { ...image.config, Labels: { ...image.config.Labels, [IMAGE_LABELS.inputs]: image.inputs } },
    rootfs: { type: "layers", diff_ids: image.diffIds },
    history: image.diffIds.map(() => ({ created, created_by: "sse-lab images" })),
  });
};

async function* archive(image: SealedImage): AsyncGenerator<Buffer> {
  const json = imageJson(image);
  const configName = `${sha256(json)}.json`;
  const layerNames = image.diffIds.map((_, index) => `layer-${index}.tar`);
  const manifest = [{ Config: configName, RepoTags: null, Layers: layerNames }];
  const head: TarEntry[] = [
    { path: configName, mode: 0o644, content: Buffer.from(json) },
    { path: "manifest.json", mode: 0o644, content: Buffer.from(JSON.stringify(manifest)) },
  ];
  yield* tarEntries(head);
  for (const [index, layer] of image.layers.entries()) {
    // Its content, an archive as well, comes in pieces. Archives are whole blocks, so nothing has to be padded.
    const content = { file: "", bytes: tarBytes(layer) };
    yield tarHeader({ path: layerNames[index] ?? "", mode: 0o644, content });
    yield* tarStream(layer);
  }
  yield tarEnd();
}

/** What `docker load` reads. */
export const imageArchive = (image: SealedImage): Readable =>
  Readable.from(archive(image), { objectMode: false, highWaterMark: 1 << 20 });
