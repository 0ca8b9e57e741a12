import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { IMAGE_PORTS } from "../images/pinned-images.ts";
import { DASHBOARD_PATH, routerConfig } from "../routers/router-config.ts";
import type { Affinity, Router } from "../topologies.ts";
import { ConfigVolume } from "./config-volume.ts";
import { confined, containerOptions, userId } from "./hardening.ts";
import { componentLabels, type ComponentOwner } from "../stack/labels.ts";
import { publishedPort, publishedUrl } from "./published.ts";

const CONFIG_FOLDER = "/config";
const MEMORY_MB = 2048;

/** A server's address for the router, e.g. `http://server-1:3000`. */
export interface RouterTarget {
  name: string;
  url: string;
}

export interface RouterArgs extends ComponentOwner {
  image: string;
  networkName: pulumi.Input<string>;
  servers: readonly RouterTarget[];
  affinity: Affinity;
  /** Path of the health check. Default: the one of the lab's own server. */
  readyPath?: string | undefined;
  /** Ports of 127.0.0.1. The engine chooses those that are left out. */
  ports: { web?: number | undefined; ops?: number | undefined };
}

interface RouterKind {
  /** The resource type in Pulumi's state. */
  type: string;
  /** Arguments for the image's entry point, given the path of the router's first file. */
  command: (file: string) => string[];
}

const KINDS: Readonly<Record<Router, RouterKind>> = {
  traefik: { type: "TraefikRouter", command: (file) => [`--configFile=${file}`] },
  haproxy: { type: "HaproxyRouter", command: (file) => ["-f", file] },
};

/**
 * A router: one confined container with its files mounted read-only. HAProxy hashes `X-Session-ID`
 * consistently.
 *
 * Traefik uses its file provider. Its Docker provider needs the engine's socket, which is root on
 * the host, inside the one container that faces the traffic. That provider also follows the start
 * and end of a container, not its readiness, so it keeps sending requests to an instance that
 * drains. The file names the instances once, the health checks take them out and in, and each new
 * connection looks their names up again.
 */
export class RouterContainer extends pulumi.ComponentResource {
  /** The container's name. */
  readonly container: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly dashboardUrl: pulumi.Output<string>;

  constructor(kind: Router, args: RouterArgs, opts?: pulumi.ComponentResourceOptions) {
    super(`sse-scaling-lab:index:${KINDS[kind].type}`, kind, {}, opts);
    const { stack, image, networkName, servers, affinity, ports, readyPath } = args;
    const { web, ops } = IMAGE_PORTS[kind];
    const files = routerConfig(kind, CONFIG_FOLDER, {
      webAddress: `0.0.0.0:${web}`,
      opsAddress: `0.0.0.0:${ops}`,
      servers,
      affinity,
      ...(readyPath === undefined ? {} : { readyPath }),
      resolvesNames: true,
    });
    const config = new ConfigVolume(
      `${kind}-config`,
      { stack, labels: args.labels, role: "router-config", image, folder: CONFIG_FOLDER, files },
      { parent: this },
    );
    const container = new docker.Container(
      kind,
      {
        ...confined({ uid: userId("router"), memoryMb: MEMORY_MB }),
        name: `${stack}-${kind}`,
        image,
        command: KINDS[kind].command(files[0].path),
        mounts: [
          { type: "volume", source: config.volumeName, target: CONFIG_FOLDER, readOnly: true },
        ],
        networksAdvanced: [{ name: networkName, aliases: ["router"] }],
        ports: [publishedPort(web, ports.web), publishedPort(ops, ports.ops)],
        labels: componentLabels(args, "router", kind, { "sse-lab.config": config.hash }),
      },
      { ...containerOptions(this), dependsOn: [config.carrier] },
    );
    this.container = container.name;
    this.url = publishedUrl(container, web, ports.web);
    this.dashboardUrl = publishedUrl(container, ops, ports.ops).apply(
      (base) => `${base}${DASHBOARD_PATH[kind]}`,
    );
    this.registerOutputs({
      container: this.container,
      url: this.url,
      dashboardUrl: this.dashboardUrl,
    });
  }
}
