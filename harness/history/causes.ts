/** Why an event was lost. */
export const CAUSES = [
  "no-route",
  "in-flight-at-disconnect",
  "while-disconnected",
  "replay-window-exceeded",
  "epoch-changed",
  "broker-gap",
  "log-lost",
  "quota",
  "started-twice",
  "unexplained",
] as const;
export type Cause = (typeof CAUSES)[number];
