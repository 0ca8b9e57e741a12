import { execa } from "execa";

const DEFAULT_HOST = "unix:///var/run/docker.sock";
const CONTEXT_MS = 5_000;

/**
 * The engine that the docker command would use, as in DOCKER_HOST: that, else its current context,
 * else the default socket. The provider alone knows no context that the command chose, and would
 * then be another engine's.
 */
export const dockerEndpoint = async (env: NodeJS.ProcessEnv = process.env): Promise<string> => {
  if (env["DOCKER_HOST"]) return env["DOCKER_HOST"];
  const args = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
  const { stdout, failed } = await execa("docker", args, {
    env,
    extendEnv: false,
    reject: false,
    timeout: CONTEXT_MS,
  });
  return failed || stdout.trim() === "" ? DEFAULT_HOST : stdout.trim();
};
