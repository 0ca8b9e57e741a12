/**
 * Rules for the load, without zod: the k6 scripts check with them too. Each problem is one line
 * with the key, its value and the fix.
 */
import type { Topology } from "../../infra/topologies.ts";
import { LONGEST, SHORTEST } from "../load/portable/arrivals.ts";
import { RAMP_DURATION_S } from "./load-times.ts";
import type { Scenario } from "./scenario.ts";

/** The fields of a scenario that the rules need. Times are seconds. */
export type AskedLoad = Pick<
  Scenario,
  "sessions" | "rate" | "arrival" | "pipeline" | "warmUp" | "duration" | "ramp" | "gates" | "client"
>;

/** Turns a key into the user's text (`sessions` -> `--sessions`). */
type NameOf = (key: string) => string;

/** The longest plan that a server accepts. */
const MAX_EVENTS_PER_SESSION = 1_000_000;

/** More than a router carries on two cores. Above it, a run measures only its load generator. */
export const MAX_EVENTS_PER_SECOND = 50_000;

/** Lengths of the shortest and the longest pipeline, as multiples of the mean. */
const SPREAD = { ramp: [1, 1], stationary: [SHORTEST, LONGEST] } as const;

/** @param machines how many of them make the load */
export function loadProblems(
  load: AskedLoad,
  topologies: readonly Topology[],
  nameOf: NameOf,
  machines = 1,
): string[] {
  const { sessions, rate, client } = load;
  const problems = [...pipelineProblems(load, nameOf), ...timeProblems(load, nameOf)];
  const total = sessions * rate;
  if (total > machines * MAX_EVENTS_PER_SECOND) {
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

/** The events of a pipeline: enough of them, not too many, and with room for its gates. */
function pipelineProblems(load: AskedLoad, nameOf: NameOf): string[] {
  const { arrival, rate, gates } = load;
  const [key, seconds] =
    arrival === "ramp"
      ? (["duration", load.duration ?? RAMP_DURATION_S] as const)
      : (["pipeline", load.pipeline] as const);
  const [shortest, longest] = SPREAD[arrival];
  const least = Math.round(rate * seconds * shortest);
  const most = Math.round(rate * seconds * longest);
  const given = `${nameOf("rate")} ${rate} over ${nameOf(key)} ${seconds}`;
  const problems: string[] = [];
  if (least < 2) {
    problems.push(
      `${given}: gives ${least} event${least === 1 ? "" : "s"} to the shortest pipeline, which ` +
        "needs 2; raise one of them",
    );
  }
  if (most > MAX_EVENTS_PER_SESSION) {
    problems.push(
      `${given}: gives ${most} events to the longest pipeline, but a server accepts ` +
        `${MAX_EVENTS_PER_SESSION}; lower one of them`,
    );
  }
  if (gates >= least && gates > 0) {
    problems.push(
      `${nameOf("gates")} ${gates}: a pipeline of ${least} events holds at most ` +
        `${Math.max(0, least - 1)} gates`,
    );
  }
  return problems;
}

/** The order of the load's times: ramp, warm-up, end. */
function timeProblems(load: AskedLoad, nameOf: NameOf): string[] {
  const { arrival, ramp, warmUp, sessions } = load;
  const problems: string[] = [];
  if (arrival === "stationary") {
    if (ramp > warmUp) {
      problems.push(
        `${nameOf("ramp")} ${ramp} is longer than ${nameOf("warmUp")} ${warmUp}: figures would ` +
          `count before all ${sessions} streams are open; give a ${nameOf("warmUp")} of ${ramp} ` +
          "or more",
      );
    }
    if (load.duration !== undefined && load.duration < warmUp + 1) {
      problems.push(
        `${nameOf("duration")} ${load.duration}: includes ${nameOf("warmUp")} ${warmUp}, so ` +
          `nothing would be measured; give ${warmUp + 1} seconds or more`,
      );
    }
    return problems;
  }
  const duration = load.duration ?? RAMP_DURATION_S;
  // The duration of each stream counts from its arrival: the first must not leave before the last.
  if (ramp >= duration) {
    problems.push(
      `${nameOf("ramp")} ${ramp} is not shorter than ${nameOf("duration")} ${duration}: the ` +
        `${sessions} streams would never all be open at once; ` +
        `give a ${nameOf("ramp")} below ${duration}, or a longer ${nameOf("duration")}`,
    );
  }
  return problems;
}
