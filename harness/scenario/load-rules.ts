/** Loads that cannot be put on anything, each problem one line that names the key, its value and the fix. Without zod: the k6 scripts import it. */
import type { Topology } from "../../infra/topologies.ts";

/** The parts of a scenario that decide it. */
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

/** A server takes no longer plan. */
const MAX_EVENTS_PER_SESSION = 1_000_000;

/** More than two cores carry through a router; above it every run would only measure its own load generator. */
const MAX_EVENTS_PER_SECOND = 50_000;

/** `nameOf` turns a key into what the user typed (`sessions` -> `--sessions`). */
export function loadProblems(
  { sessions, rate, duration, ramp, gates, client }: AskedLoad,
  topologies: readonly Topology[],
  nameOf: (key: string) => string,
): string[] {
  const problems: string[] = [];
  const events = Math.round(rate * duration);
  if (events < 2) {
    problems.push(
      `${nameOf("rate")} ${rate} over ${nameOf("duration")} ${duration}: gives ${events} event(s) per session; raise one so that there are at least 2`,
    );
  }
  if (gates >= events && gates > 0) {
    problems.push(
      `${nameOf("gates")} ${gates}: a run of ${events} events holds at most ${Math.max(0, events - 1)} gates`,
    );
  }
  if (events > MAX_EVENTS_PER_SESSION) {
    problems.push(
      `${nameOf("rate")} ${rate} over ${nameOf("duration")} ${duration}: ${events} events per session are more than the server plans (${MAX_EVENTS_PER_SESSION}); lower one`,
    );
  }
  // Each stream carries load for the duration from its own arrival: the first ones would have left before the last ones come.
  if (ramp >= duration) {
    problems.push(
      `${nameOf("ramp")} ${ramp} is not shorter than ${nameOf("duration")} ${duration}: the streams would never all be open at once, so nothing would be measured at ${sessions}; give a ${nameOf("ramp")} below ${duration} or a longer ${nameOf("duration")}`,
    );
  }
  const total = sessions * rate;
  if (total > MAX_EVENTS_PER_SECOND) {
    problems.push(
      `${nameOf("sessions")} ${sessions} at ${nameOf("rate")} ${rate}: ${total} events/s is more than one host carries (${MAX_EVENTS_PER_SECOND}); lower one`,
    );
  }
  const byHeader = topologies.filter((topology) => topology.affinity === "header").map(({ name }) => name);
  if (client === "eventsource" && byHeader.length > 0) {
    problems.push(
      `${nameOf("client")} eventsource: ${byHeader.join(", ")} keeps sessions together by the header X-Session-ID, which a browser's EventSource cannot send; use ${nameOf("client")} retrying, or a topology with a cookie (phase1)`,
    );
  }
  return problems;
}
