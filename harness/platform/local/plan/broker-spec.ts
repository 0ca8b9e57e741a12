/** How to start the processes of Valkey. */
import { join } from "node:path";
import type { ResolvedTool } from "../../../../infra/tools/resolve-tool.ts";
import { valkeyArguments } from "../../../../infra/stack/valkey-arguments.ts";
import type { Broadcaster } from "../../../../infra/topologies.ts";
import type { ProcessSpec } from "../processes/logged-process.ts";

/** The second one starts as a replica. A failover makes it the primary. */
export const BROKER_NAMES = ["valkey", "valkey-2"] as const;
export type BrokerName = (typeof BROKER_NAMES)[number];

export const brokerSpec = (
  tool: ResolvedTool,
  port: number,
  { broadcaster, folder, logs }: { broadcaster: Broadcaster; folder: string; logs: string },
): ProcessSpec => {
  const [name] = BROKER_NAMES;
  const cwd = join(folder, name);
  const args = ["--bind", "127.0.0.1", ...valkeyArguments(broadcaster), "--dir", cwd];
  return {
    name,
    command: tool.path,
    args: ["--port", String(port), ...args],
    env: tool.env,
    cwd,
    logFile: join(logs, `${name}.log`),
  };
};

/**
 * The same program with another name, folder and port.
 *
 * @param replicaOf host and port of its primary
 */
export const brokerSpecAs = (
  spec: ProcessSpec,
  name: BrokerName,
  { port, replicaOf }: { port: number; replicaOf?: string },
): ProcessSpec => {
  const renamed = (path: string): string => path.replace(/valkey(-2)?(?=$|\.log$)/, name);
  const [, , ...rest] = spec.args;
  const at = rest.indexOf("--replicaof");
  const kept = (at < 0 ? rest : rest.slice(0, at)).map((word, index) =>
    rest[index - 1] === "--dir" ? renamed(word) : word,
  );
  return {
    ...spec,
    name,
    args: [
      ...["--port", String(port), ...kept],
      ...(replicaOf === undefined ? [] : ["--replicaof", replicaOf]),
    ],
    cwd: renamed(spec.cwd),
    logFile: renamed(spec.logFile),
  };
};
