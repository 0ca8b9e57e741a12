/** The addresses of a Realtime that runs in the stack, as outputs of its container. */
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { IMAGE_PORTS } from "../images/pinned-images.ts";
import { clientRealtimeUrl, REALTIME_URL } from "../realtime/realtime-names.ts";
import type { RealtimeTier } from "../realtime/realtime-settings.ts";
import type { ComponentOwner } from "../stack/labels.ts";
import { publishedUrl } from "./published.ts";

const PORT = IMAGE_PORTS.realtime.http;

/** The outputs of a Realtime that runs in the stack. */
export interface RealtimeEndpoint {
  container: pulumi.Output<string>;
  /**
   * The address for the servers. Known once it is healthy, so resources that take it as an input
   * wait.
   */
  serverUrl: pulumi.Output<string>;
  /** The address for clients on this host. */
  clientUrl: pulumi.Output<string>;
}

/** What every Realtime server that runs in a stack needs. */
export interface RealtimeServerArgs extends ComponentOwner {
  networkName: pulumi.Input<string>;
  /** The subscription tier whose limits it enforces. */
  plan: RealtimeTier;
  /** Port of 127.0.0.1. Left out: the engine chooses. */
  port?: number | undefined;
}

export const realtimeEndpoint = (
  container: docker.Container,
  port: number | undefined,
): RealtimeEndpoint => ({
  container: container.name,
  serverUrl: container.id.apply(() => REALTIME_URL),
  clientUrl: pulumi
    .all([container.id, publishedUrl(container, PORT, port)])
    .apply(([, url]) => clientRealtimeUrl(new URL(url).port)),
});
