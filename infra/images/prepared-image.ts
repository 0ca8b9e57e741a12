/** What `prepareImages` takes and returns. */
import type { RealtimeSettings } from "../realtime/realtime-settings.ts";
import type { Topology } from "../topologies.ts";

export interface PrepareOptions {
  topologies: readonly Topology[];
  /** As in `UpOptions`: whether an event log is needed, and whether Realtime is hosted. */
  realtime?: RealtimeSettings;
  /** In the place of the lab's own server. */
  service?: ServiceImage | undefined;
  /** One line on what is going on ("fetching Traefik 3.7.15 (50 MB, once)"). */
  onStep?: (step: string) => void;
  signal?: AbortSignal;
}

/** What the containers of a service of the user run. Folders are absolute. */
export type ServiceImage =
  | { image: string }
  | {
      build: {
        context: string;
        dockerfile?: string;
        target?: string;
        args?: Readonly<Record<string, string>>;
      };
    };

export interface PreparedImage {
  /** `sha256:...`, as the engine knows it. */
  id: string;
  /**
   * The version of the software: Node.js for the server, the lab for the stand-in. `unknown` if a
   * user's image does not tell.
   */
  version: string;
  /**
   * `official`: pulled by digest, or built on such an image. `assembled`: made of this host's
   * programs. `setting`: named by the user. `built`: by a Dockerfile of the user.
   */
  source: "official" | "assembled" | "setting" | "built";
  /** One sentence: what it is and where it came from. */
  how: string;
}

/** The server's image always exists; the others if a topology needs them. */
export interface PreparedImages {
  server: PreparedImage;
  traefik?: PreparedImage;
  haproxy?: PreparedImage;
  valkey?: PreparedImage;
  /** The real Supabase Realtime: both or none. */
  realtime?: PreparedImage;
  postgres?: PreparedImage;
  /** The stand-in, if the real one is not available. */
  "realtime-standin"?: PreparedImage;
}

/** On every image that is made here. */
export const IMAGE_LABELS = {
  /**
   * `server`, `server-build` (left by the build), `realtime-standin`, `node`, `traefik`, `haproxy`,
   * `valkey`.
   */
  part: "sse-lab.image",
  /** `assembled` or `built`. */
  source: "sse-lab.source",
  /** Hash of everything it was made from. */
  inputs: "sse-lab.inputs",
  version: "sse-lab.version",
} as const;
