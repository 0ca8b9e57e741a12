import { execa } from "execa";

/** What the docker command takes if nothing else is said, as in DOCKER_HOST. */
export const DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock";
const CONTEXT_MS = 5_000;

export interface DockerEndpoint {
  /** As in DOCKER_HOST. */
  host: string;
  /** Where it was read, in words. */
  source: string;
}

/** Endpoint of the docker command's current context. Undefined without a docker command. */
const contextHost = async (env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  const { stdout, failed } = await execa(
    "docker",
    ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
    { env, extendEnv: false, reject: false, timeout: CONTEXT_MS },
  );
  const host = stdout.trim();
  return failed || host === "" ? undefined : host;
};

/**
 * The endpoint that the docker command would use: DOCKER_HOST, else its current context, else the
 * default socket. The provider alone knows no context, and would then use another engine.
 */
export const dockerEndpoint = async (
  env: NodeJS.ProcessEnv = process.env,
): Promise<DockerEndpoint> => {
  const set = env["DOCKER_HOST"];
  if (set) return { host: set, source: "DOCKER_HOST" };
  const host = await contextHost(env);
  return host === undefined
    ? { host: DEFAULT_DOCKER_HOST, source: "the default socket" }
    : { host, source: "the current docker context" };
};
