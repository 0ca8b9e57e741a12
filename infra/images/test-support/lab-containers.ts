/**
 * Containers for the tests of images: confined as in a stack, with unique names, and removed at the
 * end.
 */
import { randomUUID } from "node:crypto";
import { PassThrough, Readable } from "node:stream";
import type Dockerode from "dockerode";
import { waitFor } from "../../../common/wait-for.ts";
import { tarStream } from "../../offline/assembled-images/tar-archive.ts";

const LABEL = "sse-lab.images-test";

export interface RunOptions {
  name?: string;
  command?: readonly string[];
  env?: Readonly<Record<string, string>>;
  binds?: readonly string[];
  mounts?: Dockerode.MountSettings[];
  network?: string;
  /** Container ports that are published on 127.0.0.1. */
  ports?: readonly number[];
  user?: string;
}

export interface LabContainers {
  run(image: string, options: RunOptions): Promise<Dockerode.Container>;
  network(): Promise<string>;
  /** A volume with these files in it; `image` is any image. */
  volume(image: string, files: Readonly<Record<string, string>>): Promise<string>;
  removeAll(): Promise<void>;
}

export const labContainers = (docker: Dockerode): LabContainers => {
  const run = randomUUID().slice(0, 8);
  const labels = { [LABEL]: run };
  const filters = { label: [`${LABEL}=${run}`] };
  let count = 0;
  const next = (): string => `sse-lab-images-test-${run}-${(count += 1)}`;

  return {
    async run(image, { name, command, env, binds, mounts, network, ports = [], user }) {
      const container = await docker.createContainer({
        Image: image,
        name: name ?? next(),
        Labels: labels,
        ...(command ? { Cmd: [...command] } : {}),
        ...(user ? { User: user } : {}),
        Env: Object.entries(env ?? {}).map(([key, value]) => `${key}=${value}`),
        ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])),
        HostConfig: {
          ReadonlyRootfs: true,
          CapDrop: ["ALL"],
          SecurityOpt: ["no-new-privileges:true"],
          Memory: 256 << 20,
          PidsLimit: 128,
          Tmpfs: { "/tmp": "rw,noexec,nosuid,size=16m" },
          ...(binds ? { Binds: [...binds] } : {}),
          ...(mounts ? { Mounts: mounts } : {}),
          ...(network ? { NetworkMode: network } : {}),
          PortBindings: Object.fromEntries(
            ports.map((port) => [`${port}/tcp`, [{ HostIp: "127.0.0.1" }]]),
          ),
        },
      });
      await container.start();
      return container;
    },
    async network() {
      const name = next();
      await docker.createNetwork({ Name: name, Labels: labels });
      return name;
    },
    async volume(image, files) {
      const name = next();
      await docker.createVolume({ Name: name, Labels: labels });
      const carrier = await docker.createContainer({
        Image: image,
        Labels: labels,
        HostConfig: { Mounts: [{ Type: "volume", Source: name, Target: "/config" }] },
      });
      const entries = Object.entries(files).map(([path, content]) => ({
        path,
        mode: 0o644,
        content: Buffer.from(content),
      }));
      await carrier.putArchive(Readable.from(tarStream(entries)), { path: "/config" });
      await carrier.remove();
      return name;
    },
    async removeAll() {
      const containers = await docker.listContainers({ all: true, filters });
      await Promise.all(
        containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })),
      );
      const networks = await docker.listNetworks({ filters });
      await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
      const { Volumes } = await docker.listVolumes({ filters });
      await Promise.all(Volumes.map(({ Name }) => docker.getVolume(Name).remove()));
    },
  };
};

/** Address on 127.0.0.1 of a published port. */
export const addressOf = async (container: Dockerode.Container, port: number): Promise<string> => {
  const { NetworkSettings } = await container.inspect();
  const hostPort = NetworkSettings.Ports[`${port}/tcp`]?.[0]?.HostPort;
  if (hostPort === undefined) throw new Error(`port ${port} is not published`);
  return `127.0.0.1:${hostPort}`;
};

export const logsOf = async (
  docker: Dockerode,
  container: Dockerode.Container,
): Promise<string> => {
  const stream = await container.logs({ stdout: true, stderr: true, follow: true });
  const output = new PassThrough();
  docker.modem.demuxStream(stream, output, output);
  stream.on("end", () => output.end());
  let text = "";
  for await (const chunk of output) text += String(chunk);
  return text;
};

/** Until the engine's own health check says so. */
export const untilHealthy = async (container: Dockerode.Container): Promise<void> =>
  waitFor({
    name: "the container to be healthy",
    timeoutMs: 30_000,
    condition: async () => {
      const { State } = await container.inspect();
      return (
        State.Health?.Status === "healthy" ||
        `${State.Status}, ${State.Health?.Status ?? "no health"}`
      );
    },
  });

/** Until a GET answers with this status; resolves to the body. */
export const untilAnswers = async (url: string, status = 200): Promise<string> => {
  let body = "";
  await waitFor({
    name: `${url} to answer ${status}`,
    timeoutMs: 30_000,
    condition: async (signal) => {
      const response = await fetch(url, { signal });
      body = await response.text();
      return response.status === status || `${response.status} ${body}`;
    },
  });
  return body;
};
