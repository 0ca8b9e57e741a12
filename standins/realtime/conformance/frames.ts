/** The frames of Realtime's WebSocket, both ways (protocol notes, §1.3). Written from the notes, not shared with the stand-in. */

export const VSNS = ["1.0.0", "2.0.0"] as const;
export type Vsn = (typeof VSNS)[number];

/** `join_ref`, `ref`, topic, event, payload: what a message says, whatever its version writes it as. */
export type Message<T> = readonly [joinRef: T, ref: T, topic: T, event: T, payload: T];

/** Version 2's user broadcast push: byte 0 is 3. */
export interface BinaryPush {
  joinRef: string;
  ref: string;
  /** With its `realtime:`. */
  topic: string;
  event: string;
  encoding: "json" | "raw";
  metadata?: string;
  payload: string | Uint8Array;
}

/** What a received frame is compared as. A raw payload is shown as hex. */
export type Frame =
  | { text: unknown }
  | {
      binary: { topic: string; event: string; encoding: "json" | "raw"; metadata: string; payload: unknown };
    }
  | { undecodable: string };

/** Wire text of a message that is sent. Version 1 leaves a null `join_ref` out. */
export function encodeMessage(vsn: Vsn, message: Message<unknown>): string {
  if (vsn === "2.0.0") return JSON.stringify(message);
  const [joinRef, ref, topic, event, payload] = message;
  return JSON.stringify({ topic, event, payload, ref, ...(joinRef === null ? {} : { join_ref: joinRef }) });
}

/** A received message as its version writes it: version 1 has exactly four keys, never `join_ref`. */
export function receivedShape<T>(vsn: Vsn, message: Message<T>): readonly T[] | Record<string, T> {
  const [, ref, topic, event, payload] = message;
  return vsn === "2.0.0" ? message : { topic, event, payload, ref };
}

export function encodePush(push: BinaryPush): Uint8Array {
  const parts = [push.joinRef, push.ref, push.topic, push.event, push.metadata ?? ""].map((part) =>
    Buffer.from(part),
  );
  const lengths = parts.map((part) => part.length);
  return Buffer.concat([
    Buffer.from([3, ...lengths, push.encoding === "json" ? 1 : 0]),
    ...parts,
    typeof push.payload === "string" ? Buffer.from(push.payload) : push.payload,
  ]);
}

export function decodeFrame(data: Buffer, isBinary: boolean): Frame {
  if (!isBinary) return decodeText(data);
  const [kind, topicLength, eventLength, metadataLength, encoding] = data;
  if (
    kind !== 4 ||
    topicLength === undefined ||
    eventLength === undefined ||
    metadataLength === undefined ||
    (encoding !== 0 && encoding !== 1) ||
    data.length < 5 + topicLength + eventLength + metadataLength
  )
    return { undecodable: data.subarray(0, 64).toString("hex") };
  const event = 5 + topicLength;
  const metadata = event + eventLength;
  const payload = metadata + metadataLength;
  return {
    binary: {
      topic: data.toString("utf8", 5, event),
      event: data.toString("utf8", event, metadata),
      encoding: encoding === 1 ? "json" : "raw",
      metadata: data.toString("utf8", metadata, payload),
      payload: encoding === 1 ? parse(data.toString("utf8", payload)) : data.toString("hex", payload),
    },
  };
}

function decodeText(data: Buffer): Frame {
  const text = parse(data.toString("utf8"));
  return text === undefined ? { undecodable: data.toString("utf8", 0, 200) } : { text };
}

/** `undefined` for what is not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
