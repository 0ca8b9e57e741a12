/** The runs of a comparison, and their order. */
import type { RunResult } from "../checker/run-result.ts";
import { runSeed, seededRandom } from "../../common/portable/seeded-random.ts";
import type { BounceKind } from "../history/observation.ts";
import { awayS } from "../nemesis/bounce-settings.ts";
import { scenarioFor, type SkippedPair } from "../scenario/fault-scenario.ts";
import { leftOutPairs } from "../scenario/steady-only.ts";
import {
  bounceSecondsOf,
  bounceStartS,
  durationOf,
  type BounceSeconds,
} from "../scenario/run-times.ts";
import { replicasOf, type Scenario, selectTopologies } from "../scenario/scenario.ts";
import { usesRealtime } from "../scenario/to-load-plan.ts";
import type { Service } from "../service/read-service-file.ts";
import type { LoadEngine } from "./engine/load-engine.ts";
import type { RealtimeSetUp, RunSpec } from "./run-spec.ts";

/** The order of the runs has draws of its own. */
const ORDER_SALT = 0x632be5ab;

/** The discarded run: few sessions for a moment. Times are seconds. */
const DISCARDED = { sessions: 50, ramp: 1, warmUp: 1, pipeline: 2, drain: 1, duration: 3 } as const;

/**
 * Repeats are the outermost loop, so that a host that slows down over time slows all topologies
 * alike. Within a repeat the order is random, so that no topology is always the first or the last.
 */
export function planRuns(
  scenario: Scenario,
  bounceSeconds: BounceSeconds,
  realtime?: RealtimeSetUp,
  engine?: LoadEngine,
  service?: Service,
): RunSpec[] {
  const secondsOf = bounceSecondsOf(scenario, bounceSeconds);
  const leftOut = leftOutPairs(scenario);
  return Array.from({ length: scenario.repeat }, (_, index) => index + 1)
    .flatMap((repeat) => {
      const specs = selectTopologies(scenario).flatMap((topology) =>
        scenario.bounces
          .filter((bounce) => !isAmong(leftOut, topology.name, bounce))
          .map((bounce): RunSpec => {
            const bounceS = secondsOf(bounce, replicasOf(topology, scenario));
            const timed = { scenario, bounce, repeat, bounceS };
            return {
              topology,
              bounce,
              repeat,
              scenario: withDrainFor(bounce, scenario),
              durationS: durationOf(timed),
              ...(scenario.arrival === "ramp" ? {} : { bounceStartS: bounceStartS(timed) }),
              ...(engine ? { engine } : {}),
              ...(service ? { service } : {}),
              ...(realtime && usesRealtime(topology) ? { realtime } : {}),
            };
          }),
      );
      return shuffle(specs, runSeed({ seed: scenario.seed, repeat }) ^ ORDER_SALT);
    })
    .map((spec, index) => ({ ...spec, order: index + 1 }));
}

const isAmong = (
  pairs: readonly { topology: string; bounce: string }[],
  topology: string,
  bounce: string,
): boolean => pairs.some((pair) => pair.topology === topology && pair.bounce === bounce);

/** What waited for something that was away comes as much later. */
const withDrainFor = (bounce: BounceKind, scenario: Scenario): Scenario => ({
  ...scenario,
  drain: scenario.drain + awayS(scenario.bounceSettings, bounce),
});

/**
 * Without the pairs that are left out, and without those that have been measured.
 * @param skipped given for a matrix of faults, in which some bounces need a load of their own
 */
export const remainingRuns = (
  planned: readonly RunSpec[],
  skipped: readonly SkippedPair[] | undefined,
  runs: readonly Pick<RunResult, "topology" | "bounce" | "repeat">[],
): RunSpec[] =>
  planned
    .filter(
      ({ topology: { name }, bounce, repeat }) =>
        !isAmong(skipped ?? [], name, bounce) &&
        !isAmong(
          runs.filter((run) => run.repeat === repeat),
          name,
          bounce,
        ),
    )
    .map((spec) =>
      skipped === undefined ? spec : { ...spec, scenario: scenarioFor(spec.scenario, spec.bounce) },
    );

/** A service is tried in the first run of each topology, where its environment may differ. */
export function withTries(specs: readonly RunSpec[]): RunSpec[] {
  const tried = new Set<string>();
  return specs.map((spec) => {
    const { name } = spec.topology;
    if (spec.service === undefined || tried.has(name)) return spec;
    tried.add(name);
    return { ...spec, triesService: true };
  });
}

/**
 * A short run before the first, whose result is discarded: it finds the host's caches cold.
 * Undefined if there is nothing to compare, or with `ramp` arrivals.
 */
export function discardedRun(specs: readonly RunSpec[]): RunSpec | undefined {
  const [first] = specs;
  if (first === undefined || specs.length < 2 || first.scenario.arrival === "ramp")
    return undefined;
  const { topology, engine, realtime, service, triesService } = first;
  const { duration, ...load } = DISCARDED;
  const sessions = Math.min(load.sessions, first.scenario.sessions);
  return {
    topology,
    bounce: "none",
    repeat: 1,
    durationS: duration,
    scenario: { ...first.scenario, ...load, sessions },
    ...(engine ? { engine } : {}),
    ...(service ? { service } : {}),
    ...(triesService ? { triesService } : {}),
    ...(realtime ? { realtime } : {}),
  };
}

/** Fisher-Yates. */
function shuffle<T>(items: readonly T[], seed: number): T[] {
  const random = seededRandom(seed);
  const rest = [...items];
  return items.flatMap(() => rest.splice(random.integer(0, rest.length - 1), 1));
}
