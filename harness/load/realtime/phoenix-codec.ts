/** Versions of Phoenix's serializer: JSON objects, or JSON arrays and binary frames. */
export type Vsn = "1.0.0" | "2.0.0";

export interface PhoenixMessage {
  joinRef: string | null;
  ref: string | null;
  topic: string;
  event: string;
  payload: unknown;
}

/** First byte of a binary frame that carries a user's broadcast from the server. */
const USER_BROADCAST = 4;
const HEADER_BYTES = 5;
const JSON_ENCODING = 1;

/** A message to the server. Only broadcasts have a binary form, and clients of the lab send none. */
export const encodeMessage = ({ joinRef, ref, topic, event, payload }: PhoenixMessage, vsn: Vsn): string =>
  vsn === "2.0.0"
    ? JSON.stringify([joinRef, ref, topic, event, payload])
    : JSON.stringify({ topic, event, payload, ref, join_ref: joinRef });

/** A message of the server; `undefined` when the frame is malformed or of an unknown kind. Never throws. */
export const decodeMessage = (frame: Buffer, binary: boolean, vsn: Vsn): PhoenixMessage | undefined => {
  try {
    if (binary) return vsn === "2.0.0" ? decodeBroadcast(frame) : undefined;
    const parsed = JSON.parse(frame.toString()) as unknown;
    const [joinRef, ref, topic, event, payload] = (
      vsn === "2.0.0" ? parsed : inOrder(parsed as Record<string, unknown>)
    ) as unknown[];
    if (typeof topic !== "string" || typeof event !== "string") return undefined;
    return { joinRef: textOrNull(joinRef), ref: textOrNull(ref), topic, event, payload };
  } catch {
    return undefined;
  }
};

const inOrder = (message: Record<string, unknown>): unknown[] => [
  message.join_ref,
  message.ref,
  message.topic,
  message.event,
  message.payload,
];

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

/**
 * Kind 4: lengths of topic, event and metadata, the payload's encoding, then these and the payload itself. As realtime-js's
 * serializer reads it (supabase-js, packages/core/realtime-js/src/lib/serializer.ts).
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
