import {
  decodeText,
  type PhoenixMessage,
  type Vsn,
} from "../../portable/realtime/phoenix-codec.ts";

/** First byte of a binary frame that carries a user's broadcast from the server. */
const USER_BROADCAST = 4;
const HEADER_BYTES = 5;
const JSON_ENCODING = 1;

/**
 * A message of the server; `undefined` when the frame is malformed or of an unknown kind. Never
 * throws.
 */
export const decodeFrame = (
  frame: Buffer,
  binary: boolean,
  vsn: Vsn,
): PhoenixMessage | undefined => {
  if (!binary) return decodeText(frame.toString(), vsn);
  if (vsn !== "2.0.0") return undefined;
  try {
    return decodeBroadcast(frame);
  } catch {
    return undefined;
  }
};

/**
 * Kind 4: lengths of topic, event and metadata, the payload's encoding, then these and the payload
 * itself. As realtime-js's serializer reads it (supabase-js,
 * packages/core/realtime-js/src/lib/serializer.ts).
 * @throws SyntaxError when the payload is not the JSON that it is said to be
 */
const decodeBroadcast = (frame: Buffer): PhoenixMessage | undefined => {
  const [kind, topicBytes = 0, eventBytes = 0, metadataBytes = 0, encoding] = frame;
  const eventAt = HEADER_BYTES + topicBytes;
  const metadataAt = eventAt + eventBytes;
  const payloadAt = metadataAt + metadataBytes;
  if (kind !== USER_BROADCAST || frame.length < payloadAt) return undefined;
  const body = frame.subarray(payloadAt);
  const payload = encoding === JSON_ENCODING ? (JSON.parse(body.toString()) as unknown) : body;
  const event = frame.toString("utf8", eventAt, metadataAt);
  const topic = frame.toString("utf8", HEADER_BYTES, eventAt);
  return {
    joinRef: null,
    ref: null,
    topic,
    event: "broadcast",
    payload: { type: "broadcast", event, payload },
  };
};
