import type { Cause } from "../../history/observation.ts";
import {
  instancesThatStarted,
  type DropReason,
  type EpochRecord,
  type Route,
} from "../records/epoch-record.ts";
import type { InstanceFacts } from "../records/instance-facts.ts";
import type { RunContext } from "../records/run-context.ts";
import { bounceThatCut, brokerWasKeptFrom } from "../records/bounces.ts";
import { isCut, type Connection } from "../records/session-record.ts";
import type { Streams } from "./streams.ts";
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
  /** Why the server declared, later on, that events are missing. Undefined if it did not. */
  declared: string | undefined;
  streams: Streams;
  /** The highest number of the epoch received on a connection; 0 if none. */
  highestReceivedOn: (connection: number) => number;
}

/**
 * The cause of a loss: the first rule that matches. Several can be true at once, so their order
 * matters.
 *
 * 1. The publisher dropped the event before the broker accepted it: `quota` for a limit, else
 *    `broker-gap`. First, since there was nothing to deliver. A message that the broker refused for
 *    other reasons counts as a gap. Then what the server declared as missing: the log no longer
 *    held it, or the broker lost it.
 * 2. The session had no stream, so no route could have helped: `quota` if a limit ended the
 *    previous stream or refused the last attempt; else the next stream's resume status tells why
 *    the gap stayed open. A stream whose end the client has not noticed yet counts as open: see
 *    rule 5.
 * 3. The topology gives the event no path to the subscriber: `no-route`. Before rule 5, since a
 *    longer-lived stream would not have helped. An instance that never had a broker connection has
 *    no path; one that lost it is a broker gap.
 * 4. The subscriber's instance had lost its broker connection, by its ledger and before the bounce
 *    that cut the stream began: `broker-gap`. A stopping instance also closes its broker
 *    connection, which rule 5 covers.
 * 5. The stream was about to end, and nothing later arrived on it. This covers killed and draining
 *    instances, whose clients notice late. A stream that stayed open longer has no such excuse: the
 *    next bounce does not excuse an instance that stopped delivering. The server also ends a
 *    stream that its client does not read: what waited for that was in flight. `quota` if a limit
 *    ended the stream. Then again: the instance had no broker connection, `broker-gap`. (A stream
 *    from the broker itself has no instance.)
 * 6. A limit of the broker held up the publisher's queue: `quota`. Before rule 7, since the process
 *    may have ended with it.
 * 7. The publisher's process ended right after the publication: the event is in its ledger but died
 *    in its queue or socket to the broker. In flight as in rule 5, at the other end.
 * 8. Either side noticed a broken broker connection right after, or the publisher had none while
 *    publishing to a stream from the broker itself: `broker-gap`. An outage begins before it is
 *    noticed: seconds before, if its connections are half-open. So a bounce that kept either side
 *    from the broker, or the broker from all, explains it too.
 * 9. `unexplained`. For example: publisher and subscriber on one instance, and the stream lived on.
 */
export function causeOf(
  loss: Loss,
  { facts, bounces, engineLagMs }: Pick<RunContext, "facts" | "bounces" | "engineLagMs">,
): Cause {
  const { publishedMs, publisher, route, streams, dropped, declared } = loss;
  if (dropped !== undefined) return dropped === "quota" ? "quota" : "broker-gap";
  if (declared === "window-exceeded") return "replay-window-exceeded";
  if (declared === "epoch-changed" || declared === "log-lost") return declared;
  if (declared !== undefined) return "broker-gap";
  const connection = streams.at(publishedMs);
  if (connection === undefined) return causeOfGap(loss);

  const subscriber = connection.instance;
  const elsewhere = publisher !== subscriber;
  if (elsewhere && route === "local") return "no-route";
  if (elsewhere && route === "fallback") {
    return facts.brokerUpBefore(publisher, publishedMs) ? "broker-gap" : "no-route";
  }

  const overBroker = elsewhere && route === "broker";
  if (overBroker && subscriber !== undefined && facts.ledgerComplete(subscriber)) {
    const sinceMs = facts.brokerLostSince(subscriber, publishedMs);
    const cutFromMs = bounceThatCut(bounces, connection)?.startedMs ?? Infinity;
    if (sinceMs !== null && sinceMs < cutFromMs && isCut(connection)) return "broker-gap";
  }
  const wasLast = loss.highestReceivedOn(connection.connection) <= loss.seq;
  if (wasLast && endsWhileNoticed(connection, publishedMs, facts, engineLagMs)) {
    return connection.endReason === "quota" ? "quota" : "in-flight-at-disconnect";
  }
  if (wasLast && waitedForReader(connection, publishedMs, bounces))
    return "in-flight-at-disconnect";
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
  const wasKept = brokerWasKeptFrom(bounces, [publisher, subscriber], publishedMs);
  return brokerBroke || wasQueued || wasKept ? "broker-gap" : "unexplained";
}

/** Events of two runs at once meet on one stream, which the first terminal event ends. */
export const orStartedTwice = (cause: Cause, epoch: EpochRecord): Cause =>
  cause === "unexplained" && instancesThatStarted(epoch).size > 1 ? "started-twice" : cause;

/** True if the stream was cut because its client did not read, and the event waited for that. */
function waitedForReader(
  connection: Connection,
  publishedMs: number,
  bounces: RunContext["bounces"],
): boolean {
  const bounce = bounceThatCut(bounces, connection);
  return bounce?.kind === "slow-subscriber" && publishedMs >= bounce.startedMs;
}

/** True if the stream was cut so soon after the publication that its end was already under way. */
function endsWhileNoticed(
  connection: Connection,
  publishedMs: number,
  facts: InstanceFacts,
  engineLagMs: number,
): boolean {
  const { endReason, endedMs, instance } = connection;
  if (!isCut(connection) && endReason !== "quota") return false;
  if (endReason === "ended" || endReason === "hint")
    return endedMs <= publishedMs + CLOSE_NOTICE_MS + engineLagMs;
  // The end of the instance, if it is on record, says how long the client took to notice.
  const endMs =
    instance === undefined
      ? undefined
      : facts.firstEndWithin(instance, endedMs - NOTICE_MS, endedMs);
  // An event may wait in its publisher's queue before the broker answers it with the end of the
  // stream.
  return endMs === undefined
    ? endedMs <= publishedMs + NOTICE_MS
    : endMs <= publishedMs + CLOSE_NOTICE_MS;
}

function causeOfGap({ streams, publishedMs }: Loss): Cause {
  const before = streams.before(publishedMs);
  if (
    before?.endReason === "quota" ||
    streams.lastRefusedByLimit(before?.endedMs ?? -Infinity, publishedMs)
  )
    return "quota";
  const next = streams.after(publishedMs);
  if (next?.resume === "window-exceeded") return "replay-window-exceeded";
  if (next?.resume === "epoch-changed") return "epoch-changed";
  return "while-disconnected";
}
