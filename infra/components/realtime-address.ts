/** Where a stack's own Realtime is reached. Its tenant is the first label of the host name, so both names begin with the same one. */
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { IMAGE_PORTS } from "../images/pinned-images.ts";
import { REALTIME_TENANT } from "../realtime/realtime-settings.ts";
import { publishedUrl } from "./published.ts";

/** Host name in the stack's network, of the real one and of the stand-in. */
export const REALTIME_ALIAS = REALTIME_TENANT;
const PORT = IMAGE_PORTS.realtime.http;

/** What the servers publish to. */
export const REALTIME_URL = `http://${REALTIME_ALIAS}:${PORT}/socket`;

/** Every name below `localhost` is this host (RFC 6761): browsers know it, the lab's own clients do it themselves. */
export const clientRealtimeUrl = (port: number | string): string =>
  `ws://${REALTIME_TENANT}.localhost:${port}/socket`;

/** What is known of a Realtime that runs in the stack. */
export interface RealtimeEndpoint {
  container: pulumi.Output<string>;
  /** As the servers reach it. Known when it is healthy, so that what takes it as an input waits for that. */
  serverUrl: pulumi.Output<string>;
  /** As clients on this host reach it. */
  clientUrl: pulumi.Output<string>;
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
