/** A message that certainly did not leave this process. */
export class NotSentError extends Error {}

/** Named channels between the instances, as a broker has them. */
export interface InstanceLink {
  /** False while published messages do not reach the other instances. */
  readonly up: boolean;
  publish(channel: string, message: string): void;
  /**
   * Resolves to the number of instances that got the message, or to undefined when the broker
   * does not tell. Rejects with {@link NotSentError} when the broker is known to be away.
   */
  publishCounted(channel: string, message: string): Promise<number | undefined>;
  /** Sets the channel's one handler. */
  subscribe(channel: string, handler: (message: string) => void): void;
  unsubscribe(channel: string): void;
  /** Resolves once the subscription is in force, in bounded time. Never rejects. */
  ready(channel: string): Promise<void>;
}
