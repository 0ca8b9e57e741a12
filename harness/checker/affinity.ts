import type { RunRecord } from "./run-record.ts";
import type { RunResult } from "./run-result.ts";
import type { SessionRecord } from "./session-record.ts";

/**
 * Of a created session's requests and stream openings but the first: how many reached the instance of the one before. What
 * came before there was a session could not be routed by its id, and is not counted for any kind of affinity.
 */
export function measureAffinity({ sessions }: RunRecord): RunResult["affinity"] {
  let hits = 0;
  let misroutes = 0;
  for (const session of sessions.values()) {
    const route = routeOf(session);
    for (const [index, instance] of route.entries()) {
      if (index === 0) continue;
      if (instance === route[index - 1]) hits++;
      else misroutes++;
    }
  }
  return { hitRatio: hits + misroutes === 0 ? null : hits / (hits + misroutes), misroutes };
}

/** The instances that answered once there was a session, in the order of the answers; those of one instant by name, for want of better. */
function routeOf({ requests, connected }: SessionRecord): string[] {
  const createdMs = Math.min(
    ...requests.flatMap(({ sessionId, atMs }) => (sessionId === undefined ? [] : [atMs])),
  );
  const afterCreation = requests.filter(
    ({ sessionId, atMs }) => createdMs === Infinity || (atMs >= createdMs && sessionId === undefined),
  );
  return [...afterCreation, ...connected.values()]
    .flatMap(({ instance, atMs }) => (instance === undefined ? [] : [{ instance, atMs }]))
    .sort((a, b) => a.atMs - b.atMs || (a.instance < b.instance ? -1 : Number(a.instance > b.instance)))
    .map(({ instance }) => instance);
}

/** Streams per instance, by each session's first connection and by its last; instances without any are there with 0. */
export function countSessionsPerInstance(record: RunRecord): RunResult["sessionsPerInstance"] {
  const counts: RunResult["sessionsPerInstance"] = {};
  for (const instance of [...record.instances.all()].sort()) counts[instance] = { first: 0, last: 0 };
  for (const session of record.sessions.values()) {
    const connections = session.connections();
    const first = counts[connections[0]?.instance ?? ""];
    const last = counts[connections.at(-1)?.instance ?? ""];
    if (first !== undefined) first.first++;
    if (last !== undefined) last.last++;
  }
  return counts;
}
