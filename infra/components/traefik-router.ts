import * as pulumi from "@pulumi/pulumi";
import { routerContainer, type RouterArgs } from "./router-container.ts";

/**
 * Traefik with the file provider. Not with its Docker provider: that needs the engine's socket, which is root on the host,
 * inside of the one container that faces the traffic; and it follows start and die of a container, not the readiness that
 * falls before the end, so it goes on sending requests to an instance that drains. The file names the instances once; the
 * health checks take them out and in, and each new connection looks their names up again.
 */
export class TraefikRouter extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly dashboardUrl: pulumi.Output<string>;

  constructor(name: string, args: RouterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("sse-scaling-lab:index:TraefikRouter", name, {}, opts);
    const { container, url, dashboardUrl } = routerContainer(this, name, args, "traefik", (file) => [
      `--configFile=${file}`,
    ]);
    this.container = container;
    this.url = url;
    this.dashboardUrl = dashboardUrl;
    this.registerOutputs({ container, url, dashboardUrl });
  }
}
