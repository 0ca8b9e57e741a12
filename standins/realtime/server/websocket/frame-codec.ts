/**
 * Frames of the Realtime protocol. vsn 1.0.0: JSON objects. vsn 2.0.0: JSON arrays, and binary
 * frames for broadcasts. Source: supabase/realtime `v2_serializer.ex`, Phoenix
 * `v1/json_serializer.ex`.
 */
import { decodeJson } from "../decode-json.ts";

export type Vsn = 1 | 2;

/** Clients send strings; a number is echoed unchanged. */
export type Ref = string | number | null;

/** A binary broadcast: the server forwards its JSON payload without parsing it. */
export interface UserBroadcast {
  event: string;
  payload: Buffer;
}

export interface ServerMessage {
  joinRef: Ref;
  ref: Ref;
  topic: string;
  event: string;
  payload: unknown;
}

export interface ClientMessage extends ServerMessage {
  /** Of a binary frame, which has no other payload. */
  userBroadcast?: UserBroadcast;
}

/** A frame to send. */
export interface Frame {
  data: Buffer;
  binary: boolean;
}

const USER_BROADCAST_PUSH = 3;
const USER_BROADCAST = 4;
const JSON_ENCODING = 1;
const PUSH_HEADER_BYTES = 7;

/** @returns undefined for a frame that the server ignores */
export function decodeFrame(vsn: Vsn, data: Buffer, binary: boolean): ClientMessage | undefined {
  if (binary) return vsn === 2 ? decodeBinary(data) : undefined;
  const json = decodeJson(data);
  if (vsn === 2) return Array.isArray(json) ? messageOf(json) : undefined;
  if (typeof json !== "object" || json === null) return undefined;
  const { join_ref = null, ref, topic, event, payload } = json as Record<string, unknown>;
  return messageOf([join_ref, ref, topic, event, payload]);
}

function messageOf([joinRef, ref, topic, event, payload]: unknown[]): ClientMessage | undefined {
  if (!isRef(joinRef) || !isRef(ref) || typeof topic !== "string" || typeof event !== "string")
    return undefined;
  return payload === undefined ? undefined : { joinRef, ref, topic, event, payload };
}

const isRef = (value: unknown): value is Ref =>
  value === null || typeof value === "string" || typeof value === "number";

/** Kind 3: five lengths and the encoding, then the texts and the payload. */
function decodeBinary(data: Buffer): ClientMessage | undefined {
  const [kind, ...lengths] = data.subarray(0, PUSH_HEADER_BYTES - 1);
  if (kind !== USER_BROADCAST_PUSH || data[PUSH_HEADER_BYTES - 1] !== JSON_ENCODING)
    return undefined;
  let offset = PUSH_HEADER_BYTES;
  const [joinRef = "", ref = "", topic = "", event = ""] = lengths.map((length) =>
    data.toString("utf8", offset, (offset += length)),
  );
  if (offset > data.length) return undefined;
  const userBroadcast: UserBroadcast = { event, payload: data.subarray(offset) };
  return { joinRef, ref, topic, event: "broadcast", payload: undefined, userBroadcast };
}

/** A text frame. vsn 1.0.0 has no field for `joinRef`. */
export function encodeMessage(vsn: Vsn, message: ServerMessage): string {
  const { joinRef, ref, topic, event, payload } = message;
  return JSON.stringify(
    vsn === 2 ? [joinRef, ref, topic, event, payload] : { topic, event, payload, ref },
  );
}

/** A `broadcast` as text around a payload that is JSON already. */
export function encodeBroadcast(vsn: Vsn, topic: string, payloadJson: string): Frame {
  const name = JSON.stringify(topic);
  const text =
    vsn === 2
      ? `[null,null,${name},"broadcast",${payloadJson}]`
      : `{"topic":${name},"event":"broadcast","payload":${payloadJson},"ref":null}`;
  return { data: Buffer.from(text, "utf8"), binary: false };
}

/**
 * A binary frame of kind 4, without metadata. Each length is one byte: topic and event come from a
 * frame of kind 3, so they fit.
 */
export function encodeUserBroadcast(topic: string, { event, payload }: UserBroadcast): Frame {
  const texts = [topic, event].map((text) => Buffer.from(text, "utf8"));
  const lengths = texts.map((text) => text.length);
  const head = Buffer.from([USER_BROADCAST, ...lengths, 0, JSON_ENCODING]);
  return { data: Buffer.concat([head, ...texts, payload]), binary: true };
}
