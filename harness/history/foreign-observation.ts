/** Observations of services that are described by a service file. */

/** The client read the end of the work, in an event that has no number (`[DONE]`). */
export interface TerminalObservation {
  type: "terminal";
  session: string;
  connection: number;
  atMs: number;
}

/** What the service sent does not fit its service file, so figures would be wrong. */
export interface MisfitObservation {
  type: "misfit";
  session: string;
  /** Key of the service file, like `events.sequence`. */
  key: string;
  message: string;
  atMs: number;
}
