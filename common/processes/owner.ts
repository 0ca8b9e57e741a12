/** The process that a deployment belongs to, as its record names it. */
import { hostname } from "node:os";
import { isInSight, isOfThisBoot, isRunning, thisProcess } from "./process-identity.ts";

export interface Owner {
  /** Name of the host or container. */
  host: string;
  pid: number;
  /** See `ProcessIdentity`: pid and start time together name one process for good. */
  startTime: string;
}

/** Appended to the start time of an owner that released a deployment; no process has such a one. */
const RELEASED = " released";

export const thisOwner = (): Owner => ({ host: hostname(), ...thisProcess() });

export const isThisOwner = ({ pid, startTime }: Owner): boolean => {
  const here = thisOwner();
  return pid === here.pid && startTime === here.startTime;
};

export const isReleased = ({ startTime }: Owner): boolean => startTime.endsWith(RELEASED);

/** Does another process own it, and still run? */
export const belongsToAnother = (owner: Owner): boolean => !isThisOwner(owner) && isRunning(owner);

/** An owner that counts as dead and still tells its host and boot. */
export const released = (owner: Owner): Owner => ({
  ...owner,
  startTime: `${owner.startTime}${RELEASED}`,
});

/**
 * Does the owner's pid mean something here, or is it sure to be dead? The host's name counts only
 * across boots, where a restart of this host is told from another host that shares the folder.
 */
export const isFromHere = (owner: Owner): boolean =>
  isOfThisBoot(owner.startTime) ? isInSight(owner) : owner.host === hostname();

/** For people: another host or container, as seen from here. */
export const describeOwner = ({ host, pid }: Owner): string =>
  host === hostname()
    ? `process ${pid} of another container or host named ${host}`
    : `process ${pid} of ${host}, another host or container`;
