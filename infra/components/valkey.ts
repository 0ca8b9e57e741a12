import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { IMAGE_PORTS } from "../images/pinned-images.ts";
import { confined, containerOptions, userId } from "./hardening.ts";
import { BROKER_ALIAS } from "../stack/inside-containers.ts";
import { componentLabels, type ComponentOwner } from "../stack/labels.ts";

const PORT = IMAGE_PORTS.valkey.redis;
const MEMORY_MB = 512;

export interface ValkeyArgs extends ComponentOwner {
  image: string;
  networkName: pulumi.Input<string>;
}

/**
 * The broker, in memory only: pub/sub stores nothing, and a snapshot during a run would distort the
 * measurement. Not published.
 */
export class Valkey extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;

  constructor(name: string, args: ValkeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("sse-scaling-lab:index:Valkey", name, {}, opts);
    const { stack, image, networkName } = args;
    const broker = new docker.Container(
      name,
      {
        // The official image declares /data as a volume. Without this, the engine would create an
        // anonymous one.
        ...confined({ uid: userId("broker"), memoryMb: MEMORY_MB, scratch: ["/data"] }),
        name: `${stack}-valkey`,
        image,
        // `--save` without a value is "never"; the provider takes no empty argument. Protected mode
        // would refuse the servers, which have no password; the stack's own network is the only way
        // in.
        command: [
          "--port",
          String(PORT),
          "--save",
          "--appendonly",
          "no",
          "--protected-mode",
          "no",
          "--dir",
          "/data",
        ],
        networksAdvanced: [{ name: networkName, aliases: [BROKER_ALIAS] }],
        labels: componentLabels(args, "broker", "valkey"),
      },
      containerOptions(this),
    );
    this.container = broker.name;
    this.registerOutputs({ container: this.container });
  }
}
