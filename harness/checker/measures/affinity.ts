import type { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";
import type { SessionRecord } from "../records/session-record.ts";

/**
 * How many of a created session's requests and streams reached the same instance as their
 * predecessor. Earlier requests carry no session id to route by, so they do not count; nor do
 * sessions that were never created. In a history without any creation, every answer counts.
 */
export function measureAffinity({ sessions }: RunRecord): RunResult["affinity"] {
  let hits = 0;
  let misroutes = 0;
  const all = [...sessions.values()];
  const tellsCreation = all.some(({ requests }) =>
    requests.some(({ request }) => request === "create"),
  );
  for (const session of all) {
    const createdMs = tellsCreation ? createdAt(session) : -Infinity;
    const route = routeOf(session, createdMs);
    for (const [index, instance] of route.entries()) {
      if (index === 0) continue;
      if (instance === route[index - 1]) hits++;
      else misroutes++;
    }
  }
  return { hitRatio: hits + misroutes === 0 ? null : hits / (hits + misroutes), misroutes };
}

/** When the session got its id; Infinity if never. */
const createdAt = ({ requests }: SessionRecord): number =>
  Math.min(...requests.flatMap(({ sessionId, atMs }) => (sessionId === undefined ? [] : [atMs])));

/** The instances that answered the session, in order; simultaneous answers by name. */
function routeOf({ requests, connected }: SessionRecord, createdMs: number): string[] {
  const answers = requests.filter(({ sessionId }) => sessionId === undefined);
  return [...answers, ...connected.values()]
    .flatMap(({ instance, atMs }) =>
      instance === undefined || atMs < createdMs ? [] : [{ instance, atMs }],
    )
    .sort(
      (a, b) => a.atMs - b.atMs || (a.instance < b.instance ? -1 : Number(a.instance > b.instance)),
    )
    .map(({ instance }) => instance);
}

/** Streams per instance, by each session's first and last connection; 0 for idle instances. */
export function countSessionsPerInstance(record: RunRecord): RunResult["sessionsPerInstance"] {
  const counts: RunResult["sessionsPerInstance"] = {};
  for (const instance of [...record.instances.all()].sort())
    counts[instance] = { first: 0, last: 0 };
  for (const session of record.sessions.values()) {
    const connections = session.connections();
    const first = counts[connections[0]?.instance ?? ""];
    const last = counts[connections.at(-1)?.instance ?? ""];
    if (first !== undefined) first.first++;
    if (last !== undefined) last.last++;
  }
  return counts;
}
