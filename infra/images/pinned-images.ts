/**
 * The official images, pinned by tag and by digest of the multi-platform index.
 *
 * The digests come from public repositories that pin the same images (November 2026). At least two
 * unrelated ones agree on each tag and digest: more than eight on `node` and on `traefik`, four on
 * `valkey`, three on `haproxy`, four on `supabase/realtime` (two more name the amd64 manifest below
 * it), four and docker-library/repo-info on `postgres`. A wrong digest fails the pull: CI proves
 * them on a public runner with SSE_LAB_IMAGES=official.
 *
 * Postgres is the plain official image. supabase/postgres adds a gigabyte of extensions that
 * Broadcast does not need (see `infra/realtime/database-init.ts`). Its major version is one of the
 * two (15 and 17) for which supabase/realtime has the whole schema. To raise a version, change tag
 * and digest together (`docker buildx imagetools inspect <tag>` prints the index's digest).
 */

/** `realtime-standin`: the lab's stand-in for Supabase Realtime. */
export type ImageComponent =
  "server" | "traefik" | "haproxy" | "valkey" | "realtime" | "postgres" | "realtime-standin";

/** Those that the lab builds: a bundle on Node.js. */
export type OwnImageComponent = "server" | "realtime-standin";

export interface PinnedImage {
  /** The registry's name without a tag, e.g. `valkey/valkey`. */
  repository: string;
  /** Informative; the digest decides. */
  tag: string;
  /** `sha256:...` of the index of all platforms. */
  digest: string;
  /** Of the software in it. */
  version: string;
}

export interface ImageUser {
  /** Numeric, so that an engine can tell that it isn't root. */
  uid: number;
  gid: number;
}

/**
 * Base of the server image, for building and running. Debian, because its bash makes a cheap health
 * check.
 */
export const NODE_IMAGE: PinnedImage = {
  repository: "node",
  tag: "24.18.0-bookworm-slim",
  digest: "sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d",
  version: "24.18.0",
};

export const PINNED_IMAGES: Readonly<
  Record<Exclude<ImageComponent, OwnImageComponent>, PinnedImage>
> = {
  traefik: {
    repository: "traefik",
    tag: "v3.7.13",
    digest: "sha256:24841fe2de7304c149343d877d2923b4c8800a38ba015dea9174c23b20e344a0",
    version: "3.7.13",
  },
  haproxy: {
    repository: "haproxy",
    tag: "3.2.21-alpine",
    digest: "sha256:66e25cc9a8332635f4e897f7f4b1e5622c25f09f0ee23cddc6ce9bdb3a24772a",
    version: "3.2.21",
  },
  valkey: {
    repository: "valkey/valkey",
    tag: "9.1.1-alpine",
    digest: "sha256:ee91f7a174ac4d6a6b0685b3a60e321f0a9dbbb691f9b0e285be2ba1d1be8328",
    version: "9.1.1",
  },
  realtime: {
    repository: "supabase/realtime",
    tag: "v2.134.10",
    digest: "sha256:cbcc6a7986fc28b6dcffa798b077d5fb9c69cd25500371ab49147a86d7edbb03",
    version: "2.134.10",
  },
  postgres: {
    repository: "postgres",
    tag: "15.19-bookworm",
    digest: "sha256:539ceaaae49b3a7c8a04467cf00cc6788d8e3f1675df41860d86eebc4c40524f",
    version: "15.19",
  },
};

/**
 * The user of each container, whatever the image says: the official Traefik image would run as
 * root. The others are the users of the official images (`node`, `haproxy`, `valkey`).
 */
export const IMAGE_USERS: Readonly<Record<ImageComponent, ImageUser>> = {
  server: { uid: 1000, gid: 1000 },
  traefik: { uid: 65532, gid: 65532 },
  haproxy: { uid: 99, gid: 99 },
  valkey: { uid: 999, gid: 999 },
  // `nobody`, which owns the release in that image.
  realtime: { uid: 65534, gid: 65534 },
  postgres: { uid: 999, gid: 999 },
  "realtime-standin": { uid: 1000, gid: 1000 },
};

/** Where each listens in its container. Above 1024, so none needs a privilege. */
export const IMAGE_PORTS = {
  server: { http: 3000 },
  traefik: { web: 8000, ops: 8080 },
  haproxy: { web: 8000, ops: 8080 },
  valkey: { redis: 6379 },
  realtime: { http: 4000 },
  postgres: { postgres: 5432 },
  "realtime-standin": { http: 4000 },
} as const satisfies Readonly<Record<ImageComponent, Readonly<Record<string, number>>>>;

/** The reference that the engine pulls and finds, e.g. `traefik@sha256:...`. */
export const pinnedReference = ({ repository, digest }: PinnedImage): string =>
  `${repository}@${digest}`;
