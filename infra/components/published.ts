/** Ports that only this host can reach. */
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

const LOOPBACK = "127.0.0.1";

/** `external` left out: the engine chooses. */
export const publishedPort = (internal: number, external: number | undefined) =>
  ({
    internal,
    ...(external === undefined ? {} : { external }),
    ip: LOOPBACK,
    protocol: "tcp",
  }) satisfies docker.types.input.ContainerPort;

/**
 * Base URL of a container's port on this host. Known before the container exists if the port is
 * given.
 */
export const publishedUrl = (
  container: docker.Container,
  internal: number,
  external: number | undefined,
): pulumi.Output<string> => {
  const port =
    external === undefined
      ? container.ports.apply((ports) => ports?.find((one) => one.internal === internal)?.external)
      : pulumi.output(external);
  return port.apply((number) => `http://${LOOPBACK}:${number ?? "unknown"}`);
};
