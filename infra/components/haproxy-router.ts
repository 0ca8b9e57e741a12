import * as pulumi from "@pulumi/pulumi";
import { routerContainer, type RouterArgs } from "./router-container.ts";

/** HAProxy with a consistent hash on `X-Session-ID`. It looks the instances' names up again while it runs: see its configuration. */
export class HaproxyRouter extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly dashboardUrl: pulumi.Output<string>;

  constructor(name: string, args: RouterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("sse-scaling-lab:index:HaproxyRouter", name, {}, opts);
    const { container, url, dashboardUrl } = routerContainer(this, name, args, "haproxy", (file) => [
      "-f",
      file,
    ]);
    this.container = container;
    this.url = url;
    this.dashboardUrl = dashboardUrl;
    this.registerOutputs({ container, url, dashboardUrl });
  }
}
