/**
 * A registry on 127.0.0.1 with one image: real pulls by a real engine without a public registry.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tarStream } from "../../offline/assembled-images/tar-archive.ts";
import { hostArchitecture } from "../../offline/assembled-images/image-archive.ts";
import type { PinnedImage } from "../pinned-images.ts";

export interface SmallRegistry {
  image: PinnedImage;
  /** Paths asked for so far. */
  asked: string[];
  close(): Promise<void>;
}

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const sha256 = (data: Buffer): string =>
  `sha256:${createHash("sha256").update(data).digest("hex")}`;

/** `silent`: it takes connections and never answers. */
export const smallRegistry = async (
  behaviour: "answers" | "silent" = "answers",
): Promise<SmallRegistry> => {
  const mark = Buffer.from(`${process.pid}-${Date.now()}`);
  const pieces: Buffer[] = [];
  for await (const piece of tarStream([{ path: "mark", mode: 0o644, content: mark }]))
    pieces.push(piece);
  const layer = Buffer.concat(pieces);
  const config = Buffer.from(
    JSON.stringify({
      architecture: hostArchitecture(),
      os: "linux",
      config: { Labels: { "org.opencontainers.image.version": "v1.2.3" } },
      rootfs: { type: "layers", diff_ids: [sha256(layer)] },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: config.length,
        digest: sha256(config),
      },
      layers: [
        {
          mediaType: "application/vnd.docker.image.rootfs.diff.tar",
          size: layer.length,
          digest: sha256(layer),
        },
      ],
    }),
  );
  const answers = new Map<string, [type: string, body: Buffer]>([
    ["/v2/", ["application/json", Buffer.from("{}")]],
    [`/v2/lab/one/manifests/${sha256(manifest)}`, [MANIFEST, manifest]],
    [`/v2/lab/one/blobs/${sha256(config)}`, ["application/octet-stream", config]],
    [`/v2/lab/one/blobs/${sha256(layer)}`, ["application/octet-stream", layer]],
  ]);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (behaviour === "silent") return;
    const found = answers.get(request.url ?? "");
    if (!found) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
      return;
    }
    const [type, body] = found;
    const head = {
      "content-type": type,
      "content-length": body.length,
      "docker-content-digest": sha256(body),
    };
    response.writeHead(200, head);
    response.end(request.method === "HEAD" ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    image: {
      repository: `127.0.0.1:${port}/lab/one`,
      tag: "v1",
      digest: sha256(manifest),
      version: "1.2.3",
    },
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
