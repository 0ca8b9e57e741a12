/** Versions of Phoenix's serializer: JSON objects, or JSON arrays and binary frames. */
export type Vsn = "1.0.0" | "2.0.0";

export interface PhoenixMessage {
  joinRef: string | null;
  ref: string | null;
  topic: string;
  event: string;
  payload: unknown;
}

/**
 * A message to the server. Only broadcasts have a binary form, and clients of the lab send none.
 */
export const encodeMessage = (
  { joinRef, ref, topic, event, payload }: PhoenixMessage,
  vsn: Vsn,
): string =>
  vsn === "2.0.0"
    ? JSON.stringify([joinRef, ref, topic, event, payload])
    : JSON.stringify({ topic, event, payload, ref, join_ref: joinRef });

/** A text frame of the server; `undefined` when it is malformed. Never throws. */
export const decodeText = (text: string, vsn: Vsn): PhoenixMessage | undefined => {
  try {
    const parsed = JSON.parse(text) as unknown;
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
