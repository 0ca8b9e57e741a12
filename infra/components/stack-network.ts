import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { componentLabels, type ComponentOwner } from "../stack/labels.ts";

export type StackNetworkArgs = ComponentOwner;

/** The stack's bridge: its containers find each other by name, and no other stack reaches them. */
export class StackNetwork extends pulumi.ComponentResource {
  readonly networkName: pulumi.Output<string>;

  constructor(name: string, args: StackNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("sse-scaling-lab:index:StackNetwork", name, {}, opts);
    const network = new docker.Network(
      name,
      {
        name: `${args.stack}-network`,
        driver: "bridge",
        labels: componentLabels(args, "network", "network"),
      },
      { parent: this, deleteBeforeReplace: true },
    );
    this.networkName = network.name;
    this.registerOutputs({ networkName: this.networkName });
  }
}
