/** What both routers have in common: one confined container with its files mounted read-only. */
import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { IMAGE_PORTS } from "../images/pinned-images.ts";
import { DASHBOARD_PATH, routerConfig } from "../routers/router-config.ts";
import type { Affinity, Router } from "../topologies.ts";
import { ConfigVolume } from "./config-volume.ts";
import { confined, containerOptions, userId } from "./hardening.ts";
import { partLabels, type PartOwner } from "../stack/labels.ts";
import { publishedPort, publishedUrl } from "./published.ts";

const CONFIG_FOLDER = "/config";
const MEMORY_MB = 2048;

/** A server as the router reaches it, e.g. `http://server-1:3000`. */
export interface RouterTarget {
  name: string;
  url: string;
}

export interface RouterArgs extends PartOwner {
  image: string;
  networkName: pulumi.Input<string>;
  servers: readonly RouterTarget[];
  affinity: Affinity;
  /** Ports of 127.0.0.1. What is left out, the engine chooses. */
  ports: { web?: number | undefined; ops?: number | undefined };
}

export interface RouterOutputs {
  /** The container's name. */
  container: pulumi.Output<string>;
  url: pulumi.Output<string>;
  dashboardUrl: pulumi.Output<string>;
}

export const routerContainer = (
  parent: pulumi.ComponentResource,
  name: string,
  args: RouterArgs,
  kind: Router,
  /** Arguments for the image's entry point, given the path of the router's first file. */
  command: (file: string) => string[],
): RouterOutputs => {
  const { stack, image, networkName, servers, affinity, ports } = args;
  const { web, ops } = IMAGE_PORTS[kind];
  const files = routerConfig(kind, CONFIG_FOLDER, {
    webAddress: `0.0.0.0:${web}`,
    opsAddress: `0.0.0.0:${ops}`,
    servers,
    affinity,
    resolvesNames: true,
  });
  const config = new ConfigVolume(
    `${name}-config`,
    { stack, labels: args.labels, role: "router-config", image, folder: CONFIG_FOLDER, files },
    { parent },
  );
  const container = new docker.Container(
    name,
    {
      ...confined({ uid: userId("router"), memoryMb: MEMORY_MB }),
      name: `${stack}-${kind}`,
      image,
      command: command(files[0].path),
      mounts: [{ type: "volume", source: config.volumeName, target: CONFIG_FOLDER, readOnly: true }],
      networksAdvanced: [{ name: networkName, aliases: ["router"] }],
      ports: [publishedPort(web, ports.web), publishedPort(ops, ports.ops)],
      labels: partLabels(args, "router", kind, { "sse-lab.config": config.hash }),
    },
    { ...containerOptions(parent), dependsOn: [config.carrier] },
  );
  return {
    container: container.name,
    url: publishedUrl(container, web, ports.web),
    dashboardUrl: publishedUrl(container, ops, ports.ops).apply((base) => `${base}${DASHBOARD_PATH[kind]}`),
  };
};
