import type { Cause } from "../history/observation.ts";
import { connectionAt } from "./due-pairs.ts";
import type { Route } from "./epoch-record.ts";
import type { InstanceFacts } from "./instance-facts.ts";
import { isCut, type Connection } from "./session-record.ts";
import { CLOSE_NOTICE_MS, NOTICE_MS } from "./thresholds.ts";

/** A published event that its subscriber never received. */
export interface Loss {
  seq: number;
  publishedMs: number;
  /** The instance that published it, and how it left. */
  publisher: string;
  route: Route;
  /** The session's streams, by the time they began. */
  connections: readonly Connection[];
  /** Highest number of the loss's epoch that was received on a connection; 0 when there was none. */
  highestReceivedOn: (connection: number) => number;
}

/**
 * The cause of a loss: the first rule that matches. The order matters, because several can be true at once.
 *
 * 1. Nobody was subscribed. Comes first, since no route could have helped; the next stream's resume status tells why the
 *    gap was not closed. A stream whose end the client has not noticed yet counts as open here: that is rule 3.
 * 2. The event had no way to the subscriber's instance, by construction: `no-route`. Before rule 3, since it would not have
 *    arrived on a stream that lived on, either. An instance that never had its broker is one without a path; one that lost it
 *    is a gap of the broker.
 * 3. The stream was about to end: it ended within the time in which such an end is noticed, and nothing later came on it. This
 *    covers the killed or draining instance, whose client notices late. Before the broker, since an instance that goes down
 *    gives up its broker connection too, and that is no outage. A stream that was open for longer than that was no stream in
 *    its last moments, whatever ended it later: an instance that stops delivering is not excused by the next bounce.
 * 4. The subscriber's instance had no broker connection: `broker-gap`.
 * 5. The publisher's process ended right after the publication: the event is in its ledger and died in its socket to the
 *    broker, in flight as in 3, at the other end of the way. Not before it: then another process of that name published.
 * 6. Either side's broker connection was seen to break right after: an outage begins before it is noticed.
 * 7. `unexplained`. In particular: publisher and subscriber on one instance, and the stream lived on.
 */
export function causeOf(loss: Loss, facts: InstanceFacts): Cause {
  const { publishedMs, publisher, route, connections } = loss;
  const connection = connectionAt(connections, publishedMs);
  if (connection === undefined) return causeOfGap(connections, publishedMs);

  const subscriber = connection.instance;
  const elsewhere = publisher !== subscriber;
  if (elsewhere && route === "local") return "no-route";
  if (elsewhere && route === "fallback") {
    return facts.brokerUpBefore(publisher, publishedMs) ? "broker-gap" : "no-route";
  }

  const wasLast = loss.highestReceivedOn(connection.connection) <= loss.seq;
  if (wasLast && endsWhileNoticed(connection, publishedMs)) return "in-flight-at-disconnect";
  const overBroker = elsewhere && route === "broker";
  // Without the subscriber's ledger nothing is known of its broker connection, least of all that it was down.
  if (
    overBroker &&
    subscriber !== undefined &&
    facts.ledgerComplete(subscriber) &&
    facts.brokerDownAt(subscriber, publishedMs)
  ) {
    return "broker-gap";
  }
  if (!overBroker) return "unexplained";
  const noticedBy = publishedMs + NOTICE_MS;
  if (facts.endedWithin(publisher, publishedMs, noticedBy)) return "in-flight-at-disconnect";
  const brokerBroke = [publisher, subscriber].some(
    (instance) => instance !== undefined && facts.brokerLostWithin(instance, publishedMs, noticedBy),
  );
  return brokerBroke ? "broker-gap" : "unexplained";
}

/** True when the stream was cut so soon after the publication that its end was already under way. */
function endsWhileNoticed(connection: Connection, publishedMs: number): boolean {
  if (!isCut(connection)) return false;
  const noticeMs = connection.endReason === "error" ? NOTICE_MS : CLOSE_NOTICE_MS;
  return connection.endedMs <= publishedMs + noticeMs;
}

function causeOfGap(connections: readonly Connection[], publishedMs: number): Cause {
  const next = connections.find(({ subscribedMs }) => subscribedMs > publishedMs);
  if (next?.resume === "window-exceeded") return "replay-window-exceeded";
  if (next?.resume === "epoch-changed") return "epoch-changed";
  return "while-disconnected";
}
