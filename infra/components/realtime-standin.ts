import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { IMAGE_PORTS } from "../images/pinned-images.ts";
import { STAND_IN } from "../realtime/stand-in-name.ts";
import { REALTIME_ALIAS } from "../realtime/realtime-names.ts";
import { limitEnvironment } from "../realtime/realtime-environment.ts";
import { REALTIME_TENANT, type RealtimeTier } from "../realtime/realtime-settings.ts";
import { confined, containerOptions, userId } from "./hardening.ts";
import { partLabels, type PartOwner } from "../stack/labels.ts";
import { publishedPort } from "./published.ts";
import { realtimeEndpoint, type RealtimeEndpoint } from "./realtime-address.ts";

const PORT = IMAGE_PORTS["realtime-standin"].http;
const MEMORY_MB = 1024;
/** From the start of the container until it is healthy, seconds. */
const READY_WITHIN_S = 60;

export interface RealtimeStandinArgs extends PartOwner {
  /** Has a health check of its own. */
  image: string;
  networkName: pulumi.Input<string>;
  /** Whose limits it enforces. */
  plan: RealtimeTier;
  jwtSecret: pulumi.Input<string>;
  /** Of 127.0.0.1. Left out: the engine chooses. */
  port?: number | undefined;
}

/**
 * The lab's own server that plays Supabase Realtime, for engines that cannot pull the real one: same protocol, same limits, same errors.
 * What it says of correctness holds for the real one, what it says of latency does not. Confined as everything of ours is.
 */
export class RealtimeStandin extends pulumi.ComponentResource implements RealtimeEndpoint {
  readonly container: pulumi.Output<string>;
  readonly serverUrl: pulumi.Output<string>;
  readonly clientUrl: pulumi.Output<string>;

  constructor(name: string, args: RealtimeStandinArgs, opts?: pulumi.ComponentResourceOptions) {
    super("sse-scaling-lab:index:RealtimeStandin", name, {}, opts);
    const { stack, image, networkName, plan, jwtSecret, port } = args;
    const environment = {
      HOST: "0.0.0.0",
      PORT: String(PORT),
      SELF_HOST_TENANT_NAME: REALTIME_TENANT,
      ...limitEnvironment(plan),
    };
    const server = new docker.Container(
      name,
      {
        ...confined({ uid: userId("realtime"), memoryMb: MEMORY_MB }),
        name: `${stack}-${STAND_IN}`,
        image,
        envs: [
          ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
          pulumi.secret(pulumi.interpolate`API_JWT_SECRET=${jwtSecret}`),
        ],
        networksAdvanced: [{ name: networkName, aliases: [REALTIME_ALIAS] }],
        ports: [publishedPort(PORT, port)],
        labels: partLabels(args, "broker", STAND_IN),
        wait: true,
        waitTimeout: READY_WITHIN_S,
      },
      containerOptions(this),
    );
    const { container, serverUrl, clientUrl } = realtimeEndpoint(server, port);
    this.container = container;
    this.serverUrl = serverUrl;
    this.clientUrl = clientUrl;
    this.registerOutputs({ container, serverUrl, clientUrl });
  }
}
