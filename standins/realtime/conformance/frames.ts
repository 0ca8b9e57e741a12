/**
 * The frames of Realtime's WebSocket in both directions (protocol notes, §1.3). Written from the
 * notes, and not shared with the stand-in.
 */

export const VSNS = ["1.0.0", "2.0.0"] as const;
export type Vsn = (typeof VSNS)[number];

/** A message without the syntax of a version. */
export type Message<T> = readonly [joinRef: T, ref: T, topic: T, event: T, payload: T];

/** The user broadcast push of version 2: byte 0 is 3. The encoding is JSON. */
export interface BinaryPush {
  joinRef: string;
  ref: string;
  /** With `realtime:`. */
  topic: string;
  event: string;
  /** JSON text. */
  payload: string;
}

/** A received frame, decoded for comparison. */
export type Frame =
  | { text: unknown }
  | { binary: { topic: string; event: string; metadata: string; payload: unknown } }
  | { undecodable: string };

const PUSH = 3;
const BROADCAST = 4;
const JSON_ENCODING = 1;
const HEADER_BYTES = 5;

/** Wire text of a message that is sent. Version 1 leaves a null `join_ref` out. */
export function encodeMessage(vsn: Vsn, message: Message<unknown>): string {
  if (vsn === "2.0.0") return JSON.stringify(message);
  const [joinRef, ref, topic, event, payload] = message;
  return JSON.stringify({
    topic,
    event,
    payload,
    ref,
    ...(joinRef === null ? {} : { join_ref: joinRef }),
  });
}

/** A received message in the shape of its version: version 1 has four keys, no `join_ref`. */
export function receivedShape<T>(vsn: Vsn, message: Message<T>): readonly T[] | Record<string, T> {
  const [, ref, topic, event, payload] = message;
  return vsn === "2.0.0" ? message : { topic, event, payload, ref };
}

export function encodePush(push: BinaryPush): Uint8Array {
  const parts = [push.joinRef, push.ref, push.topic, push.event].map((part) => Buffer.from(part));
  const lengths = parts.map((part) => part.length);
  const head = Buffer.from([PUSH, ...lengths, 0, JSON_ENCODING]);
  return Buffer.concat([head, ...parts, Buffer.from(push.payload)]);
}

export function decodeFrame(data: Buffer, isBinary: boolean): Frame {
  if (!isBinary) return decodeText(data);
  const [kind, topicLength = 0, eventLength = 0, metadataLength = 0, encoding] = data;
  const event = HEADER_BYTES + topicLength;
  const metadata = event + eventLength;
  const payload = metadata + metadataLength;
  if (kind !== BROADCAST || encoding !== JSON_ENCODING || data.length < payload)
    return { undecodable: data.subarray(0, 64).toString("hex") };
  return {
    binary: {
      topic: data.toString("utf8", HEADER_BYTES, event),
      event: data.toString("utf8", event, metadata),
      metadata: data.toString("utf8", metadata, payload),
      payload: parse(data.toString("utf8", payload)),
    },
  };
}

function decodeText(data: Buffer): Frame {
  const text = parse(data.toString("utf8"));
  return text === undefined ? { undecodable: data.toString("utf8", 0, 200) } : { text };
}

/** @returns undefined if the text is not JSON */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
