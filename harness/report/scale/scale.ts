/** What many streams would need, from what few were measured to use. All scaling is linear. */
import type { RunResult } from "../../checker/run-result.ts";
import { estimatedOf, type Estimated, mapEstimated } from "../summary/estimated.ts";
import { coresOf, type CostFigure, type Role, STREAMS } from "../tables/cost-figures.ts";

/** A part that is busier has no room for a burst, a deploy, or a neighbour. */
export const BUSY_AT_MOST = 0.8;

export const ROLES = ["server", "router", "broker"] as const satisfies readonly Role[];

/** What the parts of one role use together. */
export interface RoleCost {
  role: Role;
  coresPerStream: Estimated;
  bytesPerStream: Estimated | null;
}

export interface UnitCosts {
  topology: string;
  /** Of one stream, in the measurement. Costs hold for this rate. */
  eventsPerSecond: number;
  /** Mean number of streams that were open, and the runs that this was measured in. */
  streams: number;
  runs: number;
  roles: RoleCost[];
}

/**
 * @param runs of one topology, undisturbed and trusted
 * @returns null if their costs are not known
 */
export function unitCosts(
  runs: readonly RunResult[],
  { eventsPerSecond, durationS }: { eventsPerSecond: number; durationS: number },
): UnitCosts | null {
  const [first] = runs;
  if (first === undefined) return null;
  const over = (figure: CostFigure, role: Role): Estimated | null => {
    const values = runs.map((run) => figure(run, (part) => part.role === role, runs));
    return estimatedOf(values.flatMap((value) => (value === null ? [] : { value })));
  };
  const roles = ROLES.flatMap((role): RoleCost[] => {
    const cores = over(coresOf(durationS), role);
    return cores === null
      ? []
      : [
          {
            role,
            coresPerStream: mapEstimated(cores, (per) => per / STREAMS),
            bytesPerStream: over(bytesOf, role),
          },
        ];
  });
  if (!roles.some(({ role }) => role === "server")) return null;
  const open = runs.flatMap(({ costs }) => costs.flatMap(({ steady }) => steady?.streams ?? []));
  const streams = Math.round(open.reduce((sum, one) => sum + one, 0) / open.length);
  return { topology: first.topology, eventsPerSecond, streams, runs: runs.length, roles };
}

/** What memory grew by, for each stream that was open. More sessions than that came and went. */
const bytesOf: CostFigure = ({ costs }, isMeant) => {
  const meant = costs.filter(isMeant);
  const shares = meant.flatMap(({ steady, memoryBytes: { first, peak } }) =>
    steady === null ? [] : (peak - first) / steady.streams,
  );
  return shares.length === 0 || shares.length < meant.length
    ? null
    : shares.reduce((sum, share) => sum + share, 0);
};

/** A process of a role cannot hold more streams than this. */
export interface Ceiling {
  /** In words: the first column of the arithmetic. */
  by: string;
  streams: number;
}

/**
 * What bounds a process of each role, beside its CPU. The server and Redis use one core each for
 * their events; a router uses all of its host.
 */
export interface ProcessLimits {
  /** Open files of a process. */
  openFiles: number;
  /** Files of the router that no stream needs. */
  otherFiles: number;
  /** Streams of an instance by its own settings. */
  maxStreams: number;
  /** Of the router's host. */
  routerCores: number;
}

/** As the lab meets them: a hard limit of files that a user cannot raise, the server's default. */
export const LAB_LIMITS: ProcessLimits = {
  openFiles: 20_000,
  otherFiles: 500,
  maxStreams: 20_000,
  routerCores: 2,
};

/** A role's processes for a planned number of streams. */
export interface Need {
  role: Role;
  cores: Estimated;
  bytes: Estimated | null;
  /** Of one process, the lowest first. */
  ceilings: Ceiling[];
  /** By the measured costs, which are too high for busy processes: an upper bound. */
  processes: number;
  /** If each event cost as little as in {@link MOST_EVENTS_PER_S}: a lower bound. */
  atLeast: number;
}

/**
 * Events that one process passed on in a second at most, on two cores that had nothing else to do:
 * prototypes of Express with `res.write`, of Traefik, and of publish and subscribe by session.
 */
export const MOST_EVENTS_PER_S: Readonly<Record<Role, number>> = {
  server: 83_000,
  router: 40_000,
  broker: 101_000,
};

export function needsOf(costs: UnitCosts, streams: number, limits: ProcessLimits): Need[] {
  return costs.roles.map(({ role, coresPerStream, bytesPerStream }) => {
    const cores = role === "router" ? limits.routerCores : 1;
    const byCpu: Ceiling = {
      by: `${cores === 1 ? "1 core" : `${cores} cores`} at ${BUSY_AT_MOST * 100} %`,
      streams: Math.floor((cores * BUSY_AT_MOST) / coresPerStream.value),
    };
    const others = otherCeilings(role, limits);
    const ceilings = [byCpu, ...others].sort((a, b) => a.streams - b.streams);
    const most = Math.min(
      (BUSY_AT_MOST * MOST_EVENTS_PER_S[role]) / costs.eventsPerSecond,
      ...others.map((one) => one.streams),
    );
    const processes = Math.ceil(streams / (ceilings[0]?.streams ?? streams));
    return {
      role,
      cores: mapEstimated(coresPerStream, (per) => per * streams),
      bytes: bytesPerStream && mapEstimated(bytesPerStream, (per) => per * streams),
      ceilings,
      processes,
      atLeast: Math.min(processes, Math.ceil(streams / most)),
    };
  });
}

/** Of the router: to the client and to the instance. */
const SOCKETS_PER_STREAM = 2;

function otherCeilings(role: Role, limits: ProcessLimits): Ceiling[] {
  const { openFiles, otherFiles, maxStreams } = limits;
  if (role === "broker") return [];
  if (role === "server") return [{ by: "its MAX_STREAMS", streams: maxStreams }];
  const streams = Math.floor((openFiles - otherFiles) / SOCKETS_PER_STREAM);
  return [{ by: `${openFiles.toLocaleString("en")} open files`, streams }];
}
