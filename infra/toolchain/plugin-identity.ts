/** Asks a Pulumi plugin which provider it is. The official Docker plugin has no `--version`. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Client } from "@grpc/grpc-js";
import { execa } from "execa";
import { parseJson } from "../../common/portable/parse-json.ts";

const TIMEOUT_MS = 20_000;

/** Calls a method of pulumirpc.ResourceProvider with an empty message. */
const call = <T>(
  client: Client,
  method: string,
  parse: (bytes: Uint8Array) => T,
): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    const path = `/pulumirpc.ResourceProvider/${method}`;
    const serialize = (): Buffer => Buffer.alloc(0);
    client.makeUnaryRequest(path, serialize, parse, undefined, (error, answer) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });

/**
 * Name of the provider (docker) and version of the plugin.
 *
 * @throws Error with one line if the binary is not a Pulumi plugin
 */
export const readPluginIdentity = async (
  path: string,
  env: NodeJS.ProcessEnv,
): Promise<{ name: string; version: string }> => {
  const { Client, credentials } = await import("@grpc/grpc-js");
  const { default: plugin } = await import("@pulumi/pulumi/proto/plugin_pb.js");
  const { default: provider } = await import("@pulumi/pulumi/proto/provider_pb.js");
  // Without an engine's address a plugin serves any client, and prints its port.
  const running = execa(path, [], {
    env,
    extendEnv: false,
    reject: false,
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const ended = running.then((result) => {
    throw new Error(
      result.code === undefined ? "is no Pulumi plugin" : `does not run (${result.code})`,
    );
  });
  // It also ends when we kill it below.
  ended.catch(() => undefined);
  try {
    const lines = createInterface({ input: running.stdout });
    const [port] = (await Promise.race([once(lines, "line"), ended])) as [string];
    if (!/^\d+$/.test(port)) throw new Error("is no Pulumi plugin");
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.enable_http_proxy": 0,
    });
    try {
      const calls = Promise.all([
        call(client, "GetSchema", (bytes) => provider.GetSchemaResponse.deserializeBinary(bytes)),
        call(client, "GetPluginInfo", (bytes) => plugin.PluginInfo.deserializeBinary(bytes)),
      ]);
      const [schema, info] = await Promise.race([calls, ended]);
      const { name } = (parseJson(schema?.getSchema() ?? "") ?? {}) as { name?: unknown };
      return { name: typeof name === "string" ? name : "", version: info?.getVersion() ?? "" };
    } finally {
      client.close();
    }
  } finally {
    running.kill("SIGKILL");
    await running;
  }
};
