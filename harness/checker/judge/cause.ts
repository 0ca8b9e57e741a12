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
  /** The instance that published it, and the route that it took. */
  publisher: string;
  route: Route;
  /** Why its publisher dropped it before the broker accepted it. Undefined if it did not. */
  dropped: DropReason | undefined;
  /** The session's failed connection attempts. */
  attempts: readonly { quota?: boolean; atMs: number }[];
  /** The session's streams, by start. */
  connections: readonly Connection[];
  /** The highest number of the epoch received on a connection; 0 if none. */
  highestReceivedOn: (connection: number) => number;
}

/**
 * The cause of a loss: the first rule that matches. Several can be true at once, so their order
 * matters.
 *
 * 1. The publisher dropped the event before the broker accepted it: `quota` for a limit, else
 *    `broker-gap`. First, since there was nothing to deliver. A message that the broker refused for
 *    other reasons counts as a gap.
 * 2. The session had no stream, so no route could have helped: `quota` if a limit ended the
 *    previous stream or refused the last attempt; else the next stream's resume status tells why
 *    the gap stayed open. A stream whose end the client has not noticed yet counts as open: see
 *    rule 4.
 * 3. The topology gives the event no path to the subscriber: `no-route`. Before rule 4, since a
 *    longer-lived stream would not have helped. An instance that never had a broker connection has
 *    no path; one that lost it is a broker gap.
 * 4. The stream was about to end: it ended within the notice time, and nothing later arrived on it.
 *    This covers killed and draining instances, whose clients notice late. Before the broker rules,
 *    since a stopping instance also closes its broker connection. A stream that stayed open longer
 *    has no such excuse: the next bounce does not excuse an instance that stopped delivering.
 *    `quota` if a limit ended the stream.
 * 5. The subscriber's instance had no broker connection: `broker-gap`. (A stream from the broker
 *    itself has no instance.)
 * 6. A limit of the broker held up the publisher's queue: `quota`. Before rule 7, since the process
 *    may have ended with it.
 * 7. The publisher's process ended right after the publication: the event is in its ledger but died
 *    in its queue or socket to the broker. In flight as in rule 4, at the other end.
 * 8. Either side noticed a broken broker connection right after, or the publisher had none while
 *    publishing to a stream from the broker itself: `broker-gap`. An outage begins before it is
 *    noticed.
 * 9. `unexplained`. For example: publisher and subscriber on one instance, and the stream lived on.
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
  // Without the subscriber's complete ledger, the state of its broker connection is unknown.
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
    (instance) =>
      instance !== undefined && facts.brokerLostWithin(instance, publishedMs, noticedBy),
  );
  const wasQueued = subscriber === undefined && facts.brokerAwayAt(publisher, publishedMs);
  return brokerBroke || wasQueued ? "broker-gap" : "unexplained";
}

/** True if the stream was cut so soon after the publication that its end was already under way. */
function endsWhileNoticed(connection: Connection, publishedMs: number): boolean {
  const { endReason, endedMs } = connection;
  if (!isCut(connection) && endReason !== "quota") return false;
  // An event may wait in its publisher's queue before the broker answers it with the end of the
  // stream.
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

/**
 * True if a limit refused the last of these attempts. If several failed at once, a limit must have
 * refused all.
 */
function wasQuota(attempts: Loss["attempts"]): boolean {
  const lastMs = attempts.reduce((latest, { atMs }) => Math.max(latest, atMs), -Infinity);
  const last = attempts.filter(({ atMs }) => atMs === lastMs);
  return last.length > 0 && last.every(({ quota }) => quota === true);
}
