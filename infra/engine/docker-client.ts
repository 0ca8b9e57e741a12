/** The Docker engine of this host, found the way the docker command finds it. */
import http from "node:http";
import https from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import {
  DEFAULT_DOCKER_HOST,
  dockerEndpoint,
  type DockerEndpoint,
} from "../../common/docker-endpoint.ts";
import { plainEngine } from "./plain-engine.ts";
import { UserError } from "../../common/user-error.ts";

export interface DockerClient {
  docker: Dockerode;
  /** The engine's endpoint, as in DOCKER_HOST, e.g. `unix:///var/run/docker.sock`. */
  host: string;
  /** The engine's own id, whatever endpoint it answers at. Undefined if it has no fixed one. */
  engineId: string | undefined;
}

const ANSWER_MS = 5_000;
const START_HINT =
  "start Docker (Linux: sudo systemctl start docker; macOS and Windows: start Docker " +
  "Desktop), or use --platform local";

/** Hosts of tcp endpoints that are this machine. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

const refuseRemote = ({ host, source }: DockerEndpoint): never => {
  throw new UserError(
    `the Docker engine of ${source}, ${host}, is not on this host: its containers share ` +
      "neither its clock, nor its folders, nor 127.0.0.1",
    "point DOCKER_HOST (or docker context use) at an engine of this host, or use --platform local",
  );
};

/** Without dockerode, `make down` still has to find and remove stacks. */
const clientWith = async (options: Dockerode.DockerOptions): Promise<Dockerode> => {
  let Client: typeof Dockerode;
  try {
    Client = (await import("dockerode")).default;
  } catch (error) {
    if (options.protocol !== "https")
      return plainEngine({
        socketPath: options.socketPath,
        host: options.host,
        port: options.port,
      });
    throw new UserError("node_modules is missing or broken", "run npm ci", { cause: error });
  }
  return new Client(options);
};

const clientOf = (endpoint: DockerEndpoint, env: NodeJS.ProcessEnv): Promise<Dockerode> => {
  const { host, source } = endpoint;
  if (host.startsWith("unix://")) {
    return clientWith({ socketPath: host.slice("unix://".length) });
  }
  if (host.startsWith("npipe://")) {
    return clientWith({ socketPath: host.slice("npipe://".length).replaceAll("/", "\\") });
  }
  let url: URL;
  try {
    url = new URL(host);
  } catch {
    throw new UserError(
      `the Docker endpoint of ${source}, "${host}", is no address`,
      `set it as in ${DEFAULT_DOCKER_HOST}`,
    );
  }
  if (!["tcp:", "http:", "https:"].includes(url.protocol) || !LOOPBACK.test(url.hostname)) {
    return refuseRemote(endpoint);
  }
  const secure = url.protocol === "https:" || Boolean(env["DOCKER_TLS_VERIFY"]);
  // The certificates of DOCKER_CERT_PATH are read by dockerode itself.
  const options = {
    protocol: secure ? ("https" as const) : ("http" as const),
    host: url.hostname,
    port: Number(url.port || (secure ? 2376 : 2375)),
    // Node's global agent would ask the proxy of the environment (NODE_USE_ENV_PROXY). The types
    // of dockerode lack this option.
    agent: new (secure ? https : http).Agent(),
  };
  return clientWith(options);
};

/** A socket that accepts and never answers is no engine either. */
const answers = async (docker: Dockerode): Promise<void> => {
  const patience = new AbortController();
  const silence = delay(ANSWER_MS, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`nothing within ${ANSWER_MS / 1000} s`);
  });
  try {
    await Promise.race([docker.ping(), silence]);
  } finally {
    patience.abort();
    silence.catch(() => undefined);
  }
};

/**
 * Two engines on one host may share an id (/etc/docker/key.json), but not their folder. Asked
 * twice, because Podman invents a new id for each answer.
 */
const engineIdOf = async (docker: Dockerode): Promise<string | undefined> => {
  const asked = await Promise.all([docker.info(), docker.info()]);
  const [first, second] = asked as { ID?: string; DockerRootDir?: string }[];
  if (!first?.ID || first.ID !== second?.ID) return undefined;
  return `${first.ID} ${first.DockerRootDir ?? ""}`.trim();
};

/**
 * Connects, and makes sure that an engine answers.
 *
 * @throws UserError when none answers, or when it is on another host
 */
export const connectDocker = async (
  env: NodeJS.ProcessEnv = process.env,
): Promise<DockerClient> => {
  const endpoint = await dockerEndpoint(env);
  const docker = await clientOf(endpoint, env);
  try {
    await answers(docker);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const tried = `${endpoint.host} (from ${endpoint.source})`;
    if (code === "EACCES") {
      throw new UserError(
        `this user may not use the Docker engine at ${tried}`,
        "add the user to the group that owns the socket (Linux: sudo usermod -aG docker " +
          "$USER, then log in again), or use --platform local",
        { cause: error },
      );
    }
    const why = code ?? message;
    throw new UserError(`no Docker engine answers at ${tried}: ${why}`, START_HINT, {
      cause: error,
    });
  }
  return { docker, host: endpoint.host, engineId: await engineIdOf(docker) };
};
