/** The process that a deployment belongs to, as its record names it. */
import { hostname } from "node:os";
import { isRunning, thisProcess } from "./process-identity.ts";

export interface Owner {
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

/** Does another process own it, and still run? */
export const belongsToAnother = (owner: Owner): boolean => !isThisOwner(owner) && isRunning(owner);

/** An owner that counts as dead and still tells its host and boot. */
export const released = (owner: Owner): Owner => ({
  ...owner,
  startTime: `${owner.startTime}${RELEASED}`,
});

export const isSameHost = ({ host }: Owner): boolean => host === hostname();

/** On Linux start times begin with the id of the boot. */
const BOOT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=:)/;

/** Also true if the host has been renamed since: the id of its boot stays. */
export const isSameHostOrBoot = (
  { host, startTime }: Owner,
  here: Owner = thisOwner(),
): boolean => {
  const [boot] = BOOT.exec(startTime) ?? [];
  return host === here.host || (boot !== undefined && boot === BOOT.exec(here.startTime)?.[0]);
};
