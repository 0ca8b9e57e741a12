import {
  encodeBroadcast,
  encodeUserBroadcast,
  type Frame,
  type UserBroadcast,
  type Vsn,
} from "./websocket/frame-codec.ts";

export interface Subscriber {
  deliver(broadcast: Broadcast): void;
}

/** One broadcast to the subscribers of one topic. Each kind of frame is encoded only once. */
export class Broadcast {
  readonly #encode: (vsn: Vsn) => Frame;
  readonly #frames = new Map<Vsn, Frame>();

  private constructor(encode: (vsn: Vsn) => Frame) {
    this.#encode = encode;
  }

  /** Text for every client. `payloadJson` is the whole payload: `{event, payload, type}`. */
  static text(subTopic: string, payloadJson: string): Broadcast {
    return new Broadcast((vsn) => encodeBroadcast(vsn, wireTopic(subTopic), payloadJson));
  }

  /** Binary (kind 4) for vsn 2.0.0, text for vsn 1.0.0. */
  static user(subTopic: string, broadcast: UserBroadcast): Broadcast {
    const topic = wireTopic(subTopic);
    return new Broadcast((vsn) => {
      if (vsn === 2) return encodeUserBroadcast(topic, broadcast);
      // The payload is inserted as received: the real server does not parse it either.
      const [event, payload] = [
        JSON.stringify(broadcast.event),
        broadcast.payload.toString("utf8"),
      ];
      const json = `{"event":${event},"payload":${payload},"type":"broadcast"}`;
      return encodeBroadcast(vsn, topic, json);
    });
  }

  frame(vsn: Vsn): Frame {
    const known = this.#frames.get(vsn);
    if (known !== undefined) return known;
    const frame = this.#encode(vsn);
    this.#frames.set(vsn, frame);
    return frame;
  }
}

/** Subscribers by topic. A public and a private channel of the same name are two topics. */
export class Hub {
  readonly #topics = new Map<string, Set<Subscriber>>();

  subscribe(subTopic: string, isPrivate: boolean, subscriber: Subscriber): void {
    const key = keyOf(subTopic, isPrivate);
    const subscribers = this.#topics.get(key);
    if (subscribers === undefined) this.#topics.set(key, new Set([subscriber]));
    else subscribers.add(subscriber);
  }

  unsubscribe(subTopic: string, isPrivate: boolean, subscriber: Subscriber): void {
    const key = keyOf(subTopic, isPrivate);
    const subscribers = this.#topics.get(key);
    if (subscribers?.delete(subscriber) === true && subscribers.size === 0)
      this.#topics.delete(key);
  }

  /** Delivers to every subscriber of the topic except `except`. */
  publish(subTopic: string, isPrivate: boolean, broadcast: Broadcast, except?: Subscriber): void {
    for (const subscriber of this.#topics.get(keyOf(subTopic, isPrivate)) ?? [])
      if (subscriber !== except) subscriber.deliver(broadcast);
  }
}

/** The prefix `realtime:` exists on the WebSocket only. */
export const wireTopic = (subTopic: string): string => `realtime:${subTopic}`;

const keyOf = (subTopic: string, isPrivate: boolean): string =>
  `${isPrivate ? "private" : "public"} ${subTopic}`;
