import type { Broadcast } from "./broadcast.ts";

export interface Subscriber {
  deliver(broadcast: Broadcast): void;
}

/** Who gets what, within one tenant. A public and a private channel of the same name are two topics. */
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
    if (subscribers?.delete(subscriber) === true && subscribers.size === 0) this.#topics.delete(key);
  }

  /** Hands it to every subscriber of the topic but `except`. */
  publish(subTopic: string, isPrivate: boolean, broadcast: Broadcast, except?: Subscriber): void {
    for (const subscriber of this.#topics.get(keyOf(subTopic, isPrivate)) ?? [])
      if (subscriber !== except) subscriber.deliver(broadcast);
  }
}

const keyOf = (subTopic: string, isPrivate: boolean): string =>
  `${isPrivate ? "private" : "public"} ${subTopic}`;
