/**
 * Rules for the load, without zod: the k6 scripts check with them too. Each problem is one line
 * with the key, its value and the fix.
 */
import type { Topology } from "../../infra/topologies.ts";

/** The fields of a scenario that the rules need. */
export interface AskedLoad {
  sessions: number;
  /** Events per second and session. */
  rate: number;
  /** Seconds. */
  duration: number;
  ramp: number;
  gates: number;
  client: string;
}

/** The longest plan that a server accepts. */
const MAX_EVENTS_PER_SESSION = 1_000_000;

/** More than a router carries on two cores. Above it, a run measures only its load generator. */
const MAX_EVENTS_PER_SECOND = 50_000;

/** @param nameOf turns a key into the user's text (`sessions` -> `--sessions`) */
export function loadProblems(
  { sessions, rate, duration, ramp, gates, client }: AskedLoad,
  topologies: readonly Topology[],
  nameOf: (key: string) => string,
): string[] {
  const problems: string[] = [];
  const events = Math.round(rate * duration);
  if (events < 2) {
    problems.push(
      `${nameOf("rate")} ${rate} over ${nameOf("duration")} ${duration}: gives ` +
        `${events} event${events === 1 ? "" : "s"} per session, but needs 2; raise one of them`,
    );
  }
  if (gates >= events && gates > 0) {
    problems.push(
      `${nameOf("gates")} ${gates}: a run of ${events} events holds at most ` +
        `${Math.max(0, events - 1)} gates`,
    );
  }
  if (events > MAX_EVENTS_PER_SESSION) {
    problems.push(
      `${nameOf("rate")} ${rate} over ${nameOf("duration")} ${duration}: gives ${events} events ` +
        `per session, but a server accepts ${MAX_EVENTS_PER_SESSION}; lower one of them`,
    );
  }
  // The duration of each stream counts from its arrival: the first must not leave before the last.
  if (ramp >= duration) {
    problems.push(
      `${nameOf("ramp")} ${ramp} is not shorter than ${nameOf("duration")} ${duration}: the ` +
        `${sessions} streams would never all be open at once; ` +
        `give a ${nameOf("ramp")} below ${duration}, or a longer ${nameOf("duration")}`,
    );
  }
  const total = sessions * rate;
  if (total > MAX_EVENTS_PER_SECOND) {
    problems.push(
      `${nameOf("sessions")} ${sessions} at ${nameOf("rate")} ${rate}: gives ${total} events/s, ` +
        `but one host carries ${MAX_EVENTS_PER_SECOND}; lower one of them`,
    );
  }
  const byHeader = topologies
    .filter((topology) => topology.affinity === "header")
    .map(({ name }) => name);
  if (client === "eventsource" && byHeader.length > 0) {
    problems.push(
      `${nameOf("client")} eventsource: ${byHeader.join(", ")} routes by the header ` +
        `X-Session-ID, which a browser's EventSource cannot send; use ${nameOf("client")} ` +
        "retrying, " +
        "or a topology with a cookie (phase1)",
    );
  }
  return problems;
}
