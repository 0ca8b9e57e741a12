import { numberAt, textAt } from "./json-pointer.ts";
import type { Confirmation } from "./service-protocol.ts";

/** What the event that confirms a stream says. */
export interface Notice {
  instance?: string;
  subscribedMs?: number;
  resume?: string;
  retryMs?: number;
}

/** Undefined: it lacks something that the service file says it has. */
export function readNotice(
  { instance, since, resume, retry }: Extract<Confirmation, { by: "event" }>,
  data: unknown,
): Notice | undefined {
  const notice: Notice = {};
  if (instance !== undefined) {
    const name = textAt(data, instance);
    if (name === undefined) return undefined;
    notice.instance = name;
  }
  if (since !== undefined) {
    const subscribedMs = numberAt(data, since);
    if (subscribedMs === undefined) return undefined;
    notice.subscribedMs = subscribedMs;
  }
  if (resume !== undefined) {
    const status = textAt(data, resume);
    if (status === undefined) return undefined;
    notice.resume = status;
  }
  if (retry !== undefined) {
    const retryMs = numberAt(data, retry);
    if (retryMs === undefined) return undefined;
    notice.retryMs = retryMs;
  }
  return notice;
}
