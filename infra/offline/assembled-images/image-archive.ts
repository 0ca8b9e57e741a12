/**
 * An image for `docker load`, written without a builder. It needs neither buildx nor the deprecated
 * legacy builder, runs nothing, leaves nothing unfinished in the engine, and its id follows from
 * its content.
 */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { IMAGE_LABELS } from "../../images/prepared-image.ts";
import { tarStream, type TarEntry } from "./tar-archive.ts";

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
  /** From the bottom up. Images that start with the same layers share them. */
  layers: readonly (readonly TarEntry[])[];
  config: ImageConfig;
}

export interface SealedImage extends ImageLayout {
  diffIds: readonly string[];
  /** Length of each layer's archive. */
  layerBytes: readonly number[];
  /** Hash of everything in it, 64 hexadecimal digits. */
  inputs: string;
}

/** Adds all parent folders, whose mode the engine would choose otherwise, and sorts. */
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

interface LayerDigest {
  diffId: string;
  bytes: number;
}

/** By the layer itself: the images of one call share Node.js, 120 MB that are read only once. */
const digests = new WeakMap<readonly TarEntry[], Promise<LayerDigest>>();

const digestOf = (layer: readonly TarEntry[]): Promise<LayerDigest> => {
  const known = digests.get(layer) ?? readDigest(layer);
  digests.set(layer, known);
  return known;
};

const readDigest = async (layer: readonly TarEntry[]): Promise<LayerDigest> => {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of tarStream(layer)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { diffId: `sha256:${hash.digest("hex")}`, bytes };
};

/** Reads the files of each layer once. The same content gives the same `inputs`. */
export const sealImage = async (layout: ImageLayout): Promise<SealedImage> => {
  const diffIds: string[] = [];
  const layerBytes: number[] = [];
  for (const layer of layout.layers) {
    const { diffId, bytes } = await digestOf(layer);
    diffIds.push(diffId);
    layerBytes.push(bytes);
  }
  return {
    ...layout,
    diffIds,
    layerBytes,
    inputs: sha256(JSON.stringify([diffIds, layout.config])),
  };
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
    config: {
      ...image.config,
      Labels: { ...image.config.Labels, [IMAGE_LABELS.inputs]: image.inputs },
    },
    rootfs: { type: "layers", diff_ids: image.diffIds },
    history: image.diffIds.map(() => ({ created, created_by: "sse-lab images" })),
  });
};

/** What `docker load` reads. */
export const imageArchive = (image: SealedImage): Readable => {
  const json = imageJson(image);
  const configName = `${sha256(json)}.json`;
  const layers = image.layers.map((entries, index): TarEntry => {
    const bytes = image.layerBytes[index] ?? 0;
    return { path: `layer-${index}.tar`, mode: 0o644, content: { entries, bytes } };
  });
  const manifest = [{ Config: configName, RepoTags: null, Layers: layers.map(({ path }) => path) }];
  const head: TarEntry[] = [
    { path: configName, mode: 0o644, content: Buffer.from(json) },
    { path: "manifest.json", mode: 0o644, content: Buffer.from(JSON.stringify(manifest)) },
  ];
  return Readable.from(tarStream([...head, ...layers]), {
    objectMode: false,
    highWaterMark: 1 << 20,
  });
};
