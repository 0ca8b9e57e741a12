import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { IMAGE_PORTS } from "../images/pinned-images.ts";
import { realtimeServerEnvironment } from "../realtime/realtime-environment.ts";
import type { HostedRealtime, RealtimeSettings } from "../realtime/realtime-settings.ts";
import { LEDGER_FOLDER } from "../stack/inside-containers.ts";
import { serverSettings } from "../stack/server-settings.ts";
import type { StackService } from "../stack/stack-args.ts";
import { confined, confinedProgram, containerOptions, userId } from "./hardening.ts";
import { componentLabels, REVISION_LABEL, type ComponentOwner } from "../stack/labels.ts";
import { BROADCASTER_FLAGS, type Broadcaster } from "../topologies.ts";
import { publishedPort, publishedUrl } from "./published.ts";
import type { RouterTarget } from "./router-container.ts";

const PORT = IMAGE_PORTS.server.http;
const MEMORY_MB = 1024;
/** From the start of a container until it is ready, seconds. */
const READY_WITHIN_S = 60;

export interface ServerFleetArgs extends ComponentOwner {
  replicas: number;
  broadcaster: Broadcaster;
  /** It brings a health check on readiness. */
  image: string;
  /** A new value replaces every container. */
  revision: string;
  /** Whole seconds between SIGTERM and SIGKILL. 0: the engine sends both at once. */
  graceS: number;
  networkName: pulumi.Input<string>;
  /** Ports of 127.0.0.1, one for each instance. Without them the engine chooses. */
  ports?: readonly number[] | undefined;
  /** Host folder for the ledgers. It must exist. */
  ledgerDir?: string | undefined;
  sessionSecret: pulumi.Input<string>;
  /** Environment in place of single `serverSettings`. */
  settings?: Readonly<Record<string, string>> | undefined;
  /** In the place of the lab's own server. */
  service?: StackService | undefined;
  /**
   * For pub/sub in a topology with a broker, even a stopped one. With Realtime: for the event log.
   */
  redisUrl?: string | undefined;
  /** If events travel over Supabase Realtime. The servers start once its `url` is known. */
  realtime?: FleetRealtime | undefined;
}

export interface FleetRealtime extends Pick<RealtimeSettings, "publish" | "catchUp"> {
  /** The address for the servers. */
  url: pulumi.Input<string>;
  /** The address for clients, if it differs. */
  publicUrl?: pulumi.Input<string> | undefined;
  keys: Pick<HostedRealtime, "serviceKey" | "jwtSecret" | "anonKey">;
}

export interface Instance {
  name: string;
  container: string;
  url: string;
}

/**
 * Names and addresses in the stack's network, known beforehand and the same after every
 * replacement.
 */
export const fleetTargets = (replicas: number, port: number = PORT): RouterTarget[] =>
  Array.from({ length: replicas }, (_, index) => `server-${index + 1}`).map((name) => ({
    name,
    url: `http://${name}:${port}`,
  }));

/** Of a service of the user, as one of its instances gets it. All of it is a secret. */
const serviceEnvironment = (
  { environments }: StackService,
  index: number,
  revision: string,
): pulumi.Output<string[]> =>
  pulumi.secret(
    Object.entries(environments[index] ?? {}).map(
      ([name, value]) => `${name}=${value.replaceAll("${revision}", revision)}`,
    ),
  );

/** One output, because an address in it may not be known yet. All of it is a secret. */
const environment = (args: ServerFleetArgs, instance: string): pulumi.Output<string[]> => {
  const { broadcaster, ledgerDir, redisUrl, revision, realtime } = args;
  const given = pulumi.all([args.sessionSecret, realtime?.url, realtime?.publicUrl]);
  return pulumi.secret(
    given.apply(([sessionSecret, url, publicUrl]) => {
      const settings: Record<string, string> = {
        ...serverSettings,
        ...args.settings,
        HOST: "0.0.0.0",
        PORT: String(PORT),
        INSTANCE: instance,
        REVISION: revision,
        ...(ledgerDir === undefined ? {} : { LEDGER_DIR: LEDGER_FOLDER }),
        ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
        ...BROADCASTER_FLAGS[broadcaster],
        SESSION_SECRET: sessionSecret,
        ...(realtime === undefined || url === undefined
          ? {}
          : realtimeServerEnvironment(realtime, {
              url,
              ...(publicUrl === undefined ? {} : { publicUrl }),
              ...realtime.keys,
            })),
      };
      return Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    }),
  );
};

/**
 * The servers: containers that differ only in name, address and user. `up` waits until each is
 * ready. A deploy is a new revision: `--parallel 1` replaces the containers one after the other;
 * without it, all at once.
 *
 * The engine stops a container with the grace in the state, so a new `graceS` applies from the next
 * `up` on.
 */
export class ServerFleet extends pulumi.ComponentResource {
  readonly instances: pulumi.Output<Instance[]>;

  constructor(name: string, args: ServerFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("sse-scaling-lab:index:ServerFleet", name, {}, opts);
    const instances = fleetTargets(args.replicas).map((target, index) =>
      this.#instance(target.name, index, args),
    );
    this.instances = pulumi.all(instances);
    this.registerOutputs({ instances: this.instances });
  }

  #instance(instance: string, index: number, args: ServerFleetArgs): pulumi.Output<Instance> {
    const { stack, image, networkName, ledgerDir, graceS, revision, service } = args;
    const port = args.ports?.[index];
    const inside = service?.port ?? PORT;
    const confinement = { uid: userId({ instance: index + 1 }), memoryMb: MEMORY_MB };
    const container = new docker.Container(
      instance,
      {
        ...(service
          ? confinedProgram({ ...confinement, user: service.user })
          : confined(confinement)),
        name: `${stack}-${instance}`,
        image,
        envs: service ? serviceEnvironment(service, index, revision) : environment(args, instance),
        networksAdvanced: [{ name: networkName, aliases: [instance] }],
        ports: [publishedPort(inside, port)],
        // A mount, not a volume: the engine then refuses a missing folder instead of creating one
        // as root.
        ...(ledgerDir === undefined
          ? {}
          : { mounts: [{ type: "bind", source: ledgerDir, target: LEDGER_FOLDER }] }),
        labels: componentLabels(args, "server", instance, { [REVISION_LABEL]: revision }),
        // Of an image of the user, no health check is known: the lab asks its readiness itself.
        ...(service
          ? { stopSignal: service.stopSignal }
          : { wait: true, waitTimeout: READY_WITHIN_S }),
        destroyGraceSeconds: service?.graceS ?? graceS,
      },
      containerOptions(this),
    );
    const url = publishedUrl(container, inside, port);
    return pulumi.all([container.name, url]).apply(([containerName, base]) => ({
      name: instance,
      container: containerName,
      url: base,
    }));
  }
}
