import type { Cause } from "../../history/observation.ts";
import { findLast } from "../records/numeric-column.ts";
import { connectionAt } from "./due-pairs.ts";
import type { DropReason, Route } from "../records/epoch-record.ts";
import type { InstanceFacts } from "../records/instance-facts.ts";
import { isCut, type Connection } from "../records/session-record.ts";
import { CLOSE_NOTICE_MS, NOTICE_MS } from "../thresholds.ts";

/** A published event that its subscriber never received. */
export interface Loss {
  seq: number;
  publishedMs: number;
  /** The instance that published it, and how it left. */
  publisher: string;
  route: Route;
  /** Why its publisher gave it up before the broker had it. Undefined when it did not. */
  dropped: DropReason | undefined;
  /** Of the session: attempts at a stream that were refused, or not answered. */
  attempts: readonly { quota?: boolean; atMs: number }[];
  /** The session's streams, by the time they began. */
  connections: readonly Connection[];
  /** Highest number of the loss's epoch that was received on a connection; 0 when there was none. */
  highestReceivedOn: (connection: number) => number;
}

/**
 * The cause of a loss: the first rule that matches. The order matters, because several can be true at once.
 *
 * 1. The publisher gave the event up before the broker had it: `quota` for a limit, else `broker-gap`. First, since there was nothing
 *    to deliver, whoever was subscribed. A message that the broker refused for itself is a gap too: known, so not `unexplained`, and
 *    no limit is on record, so not `quota`.
 * 2. Nobody was subscribed. Before what follows, since no route could have helped: `quota` when a limit had ended the stream before, or
 *    refused the last attempt until then; else the next stream's resume status tells why the gap was not closed. A stream whose end the
 *    client has not noticed yet counts as open here: that is rule 4.
 * 3. The event had no way to the subscriber, by construction: `no-route`. Before rule 4, since it would not have arrived on a stream
 *    that lived on, either. An instance that never had its broker is one without a path; one that lost it is a gap of the broker.
 * 4. The stream was about to end: it ended within the time in which such an end is noticed, and nothing later came on it. This
 *    covers the killed or draining instance, whose client notices late. Before the broker, since an instance that goes down
 *    gives up its broker connection too, and that is no outage. A stream that was open for longer than that was no stream in
 *    its last moments, whatever ended it later: an instance that stops delivering is not excused by the next bounce. Where a limit
 *    ended it, `quota`: the broker ends a stream instead of delivering.
 * 5. The subscriber's instance had no broker connection: `broker-gap`. A stream that is the broker's own has no instance to ask.
 * 6. The publisher's queue stood before a limit of the broker: `quota`. Before its process may have ended with what waited there.
 * 7. The publisher's process ended right after the publication: the event is in its ledger and died in its queue or socket to the
 *    broker, in flight as in 4, at the other end of the way. Not before it: then another process of that name published.
 * 8. Either side's broker connection was seen to break right after, since an outage begins before it is noticed; or the publisher had
 *    none when it published to a stream of the broker's own, which no instance tells of: `broker-gap`.
 * 9. `unexplained`. In particular: publisher and subscriber on one instance, and the stream lived on.
 */
export function causeOf(loss: Loss, facts: InstanceFacts): Cause {
  const { publishedMs, publisher, route, connections, dropped } = loss;
  if (dropped !== undefined) return dropped === "quota" ? "quota" : "broker-gap";
  const connection = connectionAt(connections, publishedMs);
  if (connection === undefined) return causeOfGap(loss);

  const subscriber = connection.instance;
  const elsewhere = publisher !== subscriber;
  if (elsewhere && route === "local") return "no-route";
  if (elsewhere && route === "fallback") {
    return facts.brokerUpBefore(publisher, publishedMs) ? "broker-gap" : "no-route";
  }

  const wasLast = loss.highestReceivedOn(connection.connection) <= loss.seq;
  if (wasLast && endsWhileNoticed(connection, publishedMs)) {
    return connection.endReason === "quota" ? "quota" : "in-flight-at-disconnect";
  }
  const overBroker = elsewhere && route === "broker";
  if (!overBroker) return "unexplained";
  // Without the subscriber's ledger nothing is known of its broker connection, least of all that it was down.
  if (
    subscriber !== undefined &&
    facts.ledgerComplete(subscriber) &&
    facts.brokerDownAt(subscriber, publishedMs)
  ) {
    return "broker-gap";
  }
  const noticedBy = publishedMs + NOTICE_MS;
  if (facts.brokerLimitedWithin(publisher, publishedMs, noticedBy)) return "quota";
  if (facts.endedWithin(publisher, publishedMs, noticedBy)) return "in-flight-at-disconnect";
  const brokerBroke = [publisher, subscriber].some(
    (instance) => instance !== undefined && facts.brokerLostWithin(instance, publishedMs, noticedBy),
  );
  const wasQueued = subscriber === undefined && facts.brokerAwayAt(publisher, publishedMs);
  return brokerBroke || wasQueued ? "broker-gap" : "unexplained";
}

/** True when the stream was cut so soon after the publication that its end was already under way. */
function endsWhileNoticed(connection: Connection, publishedMs: number): boolean {
  const { endReason, endedMs } = connection;
  if (!isCut(connection) && endReason !== "quota") return false;
  // An event may wait in its publisher's queue before the broker answers it with the end of the stream.
  const noticeMs = endReason === "error" || endReason === "quota" ? NOTICE_MS : CLOSE_NOTICE_MS;
  return endedMs <= publishedMs + noticeMs;
}

function causeOfGap({ connections, attempts, publishedMs }: Loss): Cause {
  const before = findLast(connections, ({ endedMs }) => endedMs <= publishedMs);
  const attemptsSince = attempts.filter(
    ({ atMs }) => atMs <= publishedMs && atMs >= (before?.endedMs ?? -Infinity),
  );
  if (before?.endReason === "quota" || wasQuota(attemptsSince)) return "quota";
  const next = connections.find(({ subscribedMs }) => subscribedMs > publishedMs);
  if (next?.resume === "window-exceeded") return "replay-window-exceeded";
  if (next?.resume === "epoch-changed") return "epoch-changed";
  return "while-disconnected";
}

/** True when a limit refused the last of these attempts. Of several at one time none may have failed otherwise. */
function wasQuota(attempts: Loss["attempts"]): boolean {
  const lastMs = attempts.reduce((latest, { atMs }) => Math.max(latest, atMs), -Infinity);
  const last = attempts.filter(({ atMs }) => atMs === lastMs);
  return last.length > 0 && last.every(({ quota }) => quota === true);
}
