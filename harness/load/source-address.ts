import type { EngineLimits } from "./engine-limits.ts";

/**
 * Source address of a session's stream. One pair of addresses has about 28,000 ephemeral ports, so more streams than
 * that are spread over 127.0.0.1, 127.0.0.2, ... if the target is on the loopback network; elsewhere the system chooses.
 */
export const sourceAddress = (
  sessionIndex: number,
  sessions: number,
  targetAddress: string,
  limits: EngineLimits,
): string | undefined => {
  if (sessions <= limits.streamsPerSourceAddress || !targetAddress.startsWith("127.")) return undefined;
  return `127.0.0.${1 + Math.floor(sessionIndex / limits.streamsPerSourceAddress)}`;
};
