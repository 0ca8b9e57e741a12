/** Finds the largest load that holds: upwards by a factor, then by halves. */

export interface Level {
  sessions: number;
  /** Events per second and session. */
  rate: number;
}

export interface SearchLimits {
  first: Level;
  /** From one level to the next, above 1. */
  factor: number;
  maxSessions: number;
  maxRate: number;
}

export interface Found<S> {
  /** At the highest level that held. Undefined: not even the first one did. */
  held: S | undefined;
  /** At the lowest level that did not. Undefined: all levels held. */
  broke: S | undefined;
}

/** The search ends when the two levels are this close: a share of the upper one. */
const PRECISION = 0.1;

/**
 * Sessions rise first. At their maximum, the rate rises. A level counts as broken if two loads of
 * it break, because one hiccup of a host proves nothing.
 */
export async function searchCapacity<S extends { holds: boolean }>(
  limits: SearchLimits,
  measure: (level: Level) => Promise<S>,
): Promise<Found<S>> {
  const tryLevel = async (level: Level): Promise<S> => {
    const step = await measure(level);
    return step.holds ? step : measure(level);
  };
  const found: Found<S> = { held: undefined, broke: undefined };
  let low: Level | undefined;
  let level: Level | undefined = limits.first;
  while (level !== undefined) {
    const step = await tryLevel(level);
    if (!step.holds) {
      found.broke = step;
      break;
    }
    found.held = step;
    low = level;
    level = above(level, limits);
  }
  let high = level;
  while (low !== undefined && high !== undefined) {
    const middle = between(low, high);
    if (middle === undefined) break;
    const step = await tryLevel(middle);
    if (step.holds) [found.held, low] = [step, middle];
    else [found.broke, high] = [step, middle];
  }
  return found;
}

function above({ sessions, rate }: Level, limits: SearchLimits): Level | undefined {
  const { factor, maxSessions, maxRate } = limits;
  if (sessions < maxSessions)
    return { sessions: Math.min(maxSessions, Math.ceil(sessions * factor)), rate };
  return rate < maxRate ? { sessions, rate: Math.min(maxRate, rate * factor) } : undefined;
}

/** Undefined if the two are close enough. */
function between(low: Level, high: Level): Level | undefined {
  const middle: Level = {
    sessions: Math.round((low.sessions + high.sessions) / 2),
    rate: (low.rate + high.rate) / 2,
  };
  const isClose = (a: number, b: number): boolean => b - a <= PRECISION * b;
  if (isClose(low.sessions, high.sessions) && isClose(low.rate, high.rate)) return undefined;
  const isNew = middle.sessions !== high.sessions || middle.rate !== high.rate;
  return isNew ? middle : undefined;
}
