import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { IMAGE_PORTS } from "../images/pinned-images.ts";
import { STAND_IN, REALTIME_ALIAS } from "../realtime/realtime-names.ts";
import { limitEnvironment } from "../realtime/realtime-environment.ts";
import { REALTIME_TENANT } from "../realtime/realtime-settings.ts";
import { confined, containerOptions, userId } from "./hardening.ts";
import { componentLabels } from "../stack/labels.ts";
import { publishedPort } from "./published.ts";
import {
  realtimeEndpoint,
  type RealtimeEndpoint,
  type RealtimeServerArgs,
} from "./realtime-address.ts";

const PORT = IMAGE_PORTS["realtime-standin"].http;
const MEMORY_MB = 1024;
/** From the start of the container until it is healthy, seconds. */
const READY_WITHIN_S = 60;

export interface RealtimeStandinArgs extends RealtimeServerArgs {
  /** It brings a health check. */
  image: string;
  jwtSecret: pulumi.Input<string>;
}

/**
 * The lab's stand-in for Supabase Realtime, for engines that cannot pull the real one: the same
 * protocol, limits and errors. Its results on correctness hold for the real one, its latencies do
 * not.
 */
export class RealtimeStandin extends pulumi.ComponentResource {
  readonly endpoint: RealtimeEndpoint;

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
        labels: componentLabels(args, "broker", STAND_IN),
        wait: true,
        waitTimeout: READY_WITHIN_S,
      },
      containerOptions(this),
    );
    this.endpoint = realtimeEndpoint(server, port);
    this.registerOutputs({ ...this.endpoint });
  }
}
