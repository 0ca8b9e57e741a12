import { encodeBroadcast, encodeUserBroadcast, type UserBroadcast, type Vsn } from "./frame-codec.ts";

/** A frame as it goes out. */
export interface Frame {
  data: Buffer;
  binary: boolean;
}

/** One broadcast to the subscribers of one topic. Each kind of frame is encoded once, whoever takes it. */
export class Broadcast {
  readonly #encode: (vsn: Vsn) => Frame | undefined;
  readonly #frames = new Map<Vsn, Frame | undefined>();

  private constructor(encode: (vsn: Vsn) => Frame | undefined) {
    this.#encode = encode;
  }

  /** Text for every client. `payloadJson` is the whole payload of the message: `{event, payload, type}`. */
  static text(subTopic: string, payloadJson: string): Broadcast {
    return new Broadcast((vsn) => text(encodeBroadcast(vsn, wireTopic(subTopic), payloadJson)));
  }

  /** Binary (kind 4) for vsn 2.0.0; for vsn 1.0.0 text if the payload is JSON, nothing otherwise. */
  static user(subTopic: string, broadcast: UserBroadcast): Broadcast {
    const topic = wireTopic(subTopic);
    return new Broadcast((vsn) => {
      if (vsn === 2) return { data: encodeUserBroadcast(topic, broadcast), binary: true };
      if (broadcast.encoding === "raw") return undefined;
      // The payload goes in as it came: the server does not read it either.
      const payload = `{"event":${JSON.stringify(broadcast.event)},"payload":${broadcast.payload.toString("utf8")},"type":"broadcast"}`;
      return text(encodeBroadcast(vsn, topic, payload));
    });
  }

  /** What no subscriber can be sent: a text broadcast whose payload is no object. */
  static impossible(): Broadcast {
    return new Broadcast(() => {
      throw new RangeError("the payload of a broadcast is an object");
    });
  }

  /**
   * @returns undefined when a client of this vsn gets nothing
   * @throws RangeError when it cannot be encoded
   */
  frame(vsn: Vsn): Frame | undefined {
    if (!this.#frames.has(vsn)) this.#frames.set(vsn, this.#encode(vsn));
    return this.#frames.get(vsn);
  }
}

/** The `realtime:` exists on the WebSocket only. */
export const wireTopic = (subTopic: string): string => `realtime:${subTopic}`;

const text = (frame: string): Frame => ({ data: Buffer.from(frame, "utf8"), binary: false });
