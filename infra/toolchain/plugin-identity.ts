/** Asks a Pulumi plugin which provider it is. The official Docker plugin has no flag that says its version. */
import { once } from "node:events";
import { connect, type ClientHttp2Session } from "node:http2";
import { createInterface } from "node:readline";
import { execa } from "execa";

const TIMEOUT_MS = 20_000;
/** gRPC: one byte "not compressed", four bytes length, and no message. */
const EMPTY_MESSAGE = Buffer.alloc(5);
const FRAME_BYTES = 5;
/** Protocol buffers: field 1 of the type "length-delimited". */
const STRING_FIELD_1 = 0x0a;

const readVarint = (bytes: Buffer, start: number): { value: number; next: number } => {
  let [value, shift, next] = [0, 0, start];
  for (;;) {
    const byte = bytes.readUInt8(next);
    next += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next };
    shift += 7;
  }
};

/** Calls a method of pulumirpc.ResourceProvider that takes nothing and answers with one string in field 1. */
const callForString = async (session: ClientHttp2Session, method: string): Promise<string> => {
  const request = session.request({
    ":method": "POST",
    ":path": `/pulumirpc.ResourceProvider/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  request.end(EMPTY_MESSAGE);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const message = Buffer.concat(chunks).subarray(FRAME_BYTES);
  if (message.length === 0 || message.readUInt8(0) !== STRING_FIELD_1) return "";
  const { value, next } = readVarint(message, 1);
  return message.toString("utf8", next, next + value);
};

/** Name of the provider (docker) and version of the plugin. Rejects with one line when the binary is no Pulumi plugin. */
export const readPluginIdentity = async (
  path: string,
  env: NodeJS.ProcessEnv,
): Promise<{ name: string; version: string }> => {
  // Without an engine's address a plugin serves whoever connects, and prints its port.
  const plugin = execa(path, [], {
    env,
    extendEnv: false,
    reject: false,
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const ended = plugin.then((result) => {
    throw new Error(result.code === undefined ? "is no Pulumi plugin" : `does not run (${result.code})`);
  });
  // It ends by our kill as well.
  ended.catch(() => undefined);
  try {
    const lines = createInterface({ input: plugin.stdout });
    const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
    if (!/^\d+$/.test(line)) throw new Error("is no Pulumi plugin");
    const session = connect(`http://127.0.0.1:${line}`);
    try {
      const failed = once(session, "error").then(([error]) => {
        throw error instanceof Error ? error : new Error(String(error));
      });
      failed.catch(() => undefined);
      const calls = Promise.all([
        callForString(session, "GetSchema"),
        callForString(session, "GetPluginInfo"),
      ]);
      const [schema, version] = await Promise.race([calls, failed, ended]);
      const { name } = JSON.parse(schema || "{}") as { name?: unknown };
      return { name: typeof name === "string" ? name : "", version };
    } finally {
      session.destroy();
    }
  } finally {
    plugin.kill("SIGKILL");
    await plugin;
  }
};
