/**
 * Frames of the Realtime protocol. vsn 1.0.0: JSON objects. vsn 2.0.0: JSON arrays, and binary frames for broadcasts.
 * Source: supabase/realtime `v2_serializer.ex`, Phoenix `v1/json_serializer.ex`.
 */
export type Vsn = 1 | 2;

/** Clients count in strings; a number is echoed as it came. */
export type Ref = string | number | null;

export type PayloadEncoding = "json" | "raw";

/** A broadcast whose payload the server forwards without reading it. */
export interface UserBroadcast {
  event: string;
  encoding: PayloadEncoding;
  payload: Buffer;
}

export interface ClientMessage {
  joinRef: Ref;
  ref: Ref;
  topic: string;
  event: string;
  /** What JSON.parse made of it; of a binary frame {@link UserBroadcast} or, for a Phoenix push, a Buffer. */
  payload: unknown;
  userBroadcast?: UserBroadcast;
}

export interface ServerMessage {
  joinRef: Ref;
  ref: Ref;
  topic: string;
  event: string;
  payload: unknown;
}

const PUSH = 0;
const USER_BROADCAST_PUSH = 3;
const USER_BROADCAST = 4;
const RAW = 0;
const JSON_TEXT = 1;
/** Every length in a binary frame is one byte. */
const MAX_LENGTH = 255;

/** @returns undefined for a frame that the server logs and ignores */
export function decodeFrame(vsn: Vsn, data: Buffer, binary: boolean): ClientMessage | undefined {
  if (binary) return vsn === 2 ? decodeBinary(data) : undefined;
  let json: unknown;
  try {
    json = JSON.parse(data.toString("utf8"));
  } catch {
    return undefined;
  }
  return vsn === 2 ? decodeArray(json) : decodeObject(json);
}

function decodeArray(json: unknown): ClientMessage | undefined {
  if (!Array.isArray(json) || json.length < 5) return undefined;
  const [joinRef, ref, topic, event, payload] = json as unknown[];
  return messageOf(joinRef, ref, topic, event, payload);
}

function decodeObject(json: unknown): ClientMessage | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  if (!("topic" in json && "event" in json && "payload" in json && "ref" in json)) return undefined;
  const joinRef = "join_ref" in json ? json.join_ref : null;
  return messageOf(joinRef, json.ref, json.topic, json.event, json.payload);
}

function messageOf(
  joinRef: unknown,
  ref: unknown,
  topic: unknown,
  event: unknown,
  payload: unknown,
): ClientMessage | undefined {
  if (!isRef(joinRef) || !isRef(ref) || typeof topic !== "string" || typeof event !== "string")
    return undefined;
  return { joinRef, ref, topic, event, payload };
}

const isRef = (value: unknown): value is Ref =>
  value === null || typeof value === "string" || typeof value === "number";

function decodeBinary(data: Buffer): ClientMessage | undefined {
  const kind = data[0];
  if (kind === USER_BROADCAST_PUSH) {
    const encoding = data[6] === RAW ? "raw" : "json";
    const parts = split(data, 7, [data[1], data[2], data[3], data[4], data[5]]);
    if (parts === undefined) return undefined;
    const [joinRef = "", ref = "", topic = "", event = "", metadata = ""] = parts.texts;
    // Read and then not used: metadata that is no JSON makes the whole frame undecodable.
    if (metadata !== "" && !isJson(metadata)) return undefined;
    const userBroadcast: UserBroadcast = { event, encoding, payload: parts.rest };
    return { joinRef, ref, topic, event: "broadcast", payload: userBroadcast, userBroadcast };
  }
  if (kind === PUSH) {
    const parts = split(data, 5, [data[1], data[2], data[3], data[4]]);
    if (parts === undefined) return undefined;
    const [joinRef = "", ref = "", topic = "", event = ""] = parts.texts;
    return { joinRef, ref, topic, event, payload: parts.rest };
  }
  return undefined;
}

/** Texts of the given lengths from `start` on, and what is left. Undefined when the frame is too short for them. */
function split(
  data: Buffer,
  start: number,
  lengths: readonly (number | undefined)[],
): { texts: string[]; rest: Buffer } | undefined {
  let offset = start;
  const texts: string[] = [];
  for (const length of lengths) {
    if (length === undefined || offset + length > data.length) return undefined;
    texts.push(data.toString("utf8", offset, offset + length));
    offset += length;
  }
  return data.length < start ? undefined : { texts, rest: data.subarray(offset) };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A text frame. vsn 1.0.0 has no place for `joinRef`. */
export function encodeMessage(vsn: Vsn, message: ServerMessage): string {
  const { joinRef, ref, topic, event, payload } = message;
  return JSON.stringify(vsn === 2 ? [joinRef, ref, topic, event, payload] : { topic, event, payload, ref });
}

/** A `broadcast` as text, around a payload that is JSON already: it is encoded once for all subscribers. */
export function encodeBroadcast(vsn: Vsn, topic: string, payloadJson: string): string {
  const name = JSON.stringify(topic);
  return vsn === 2
    ? `[null,null,${name},"broadcast",${payloadJson}]`
    : `{"topic":${name},"event":"broadcast","payload":${payloadJson},"ref":null}`;
}

/**
 * A binary frame of kind 4.
 * @throws RangeError when topic, event or metadata is longer than 255 bytes of UTF-8
 */
export function encodeUserBroadcast(topic: string, broadcast: UserBroadcast, metadata = ""): Buffer {
  const texts = [topic, broadcast.event, metadata].map((text) => Buffer.from(text, "utf8"));
  const lengths = texts.map((text) => text.length);
  if (lengths.some((length) => length > MAX_LENGTH))
    throw new RangeError(
      `topic, event and metadata are at most ${MAX_LENGTH} bytes, not ${lengths.join(", ")}`,
    );
  const encoding = broadcast.encoding === "raw" ? RAW : JSON_TEXT;
  return Buffer.concat([Buffer.from([USER_BROADCAST, ...lengths, encoding]), ...texts, broadcast.payload]);
}
