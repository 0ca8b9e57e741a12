/** What a history says of a run whose server is a service of the user. */
import type { RunObservation, WithoutLedger } from "../../history/observation.ts";
import type { Service } from "../../service/read-service-file.ts";

/** True if the service writes the lab's ledger. */
export const keepsLedger = ({ file }: Service): boolean => file.run?.ledger === true;

/** What its events tell. */
export const withoutLedger = ({ protocol: { event } }: Service): WithoutLedger => {
  const total = event.total?.from;
  const ends = [event.terminal, event.error].some(
    ({ names, data, fields }) => names.length + data.length + fields.length > 0,
  );
  return {
    sequence: event.sequence !== null,
    total: total === "plan" || total === "file",
    terminal: ends,
  };
};

/**
 * The run of that service. Whether its publisher and its subscriber meet is its own affair, so the
 * lab's check of chance does not apply, and a replay may bring an event again.
 */
export const asServiceRun = (run: RunObservation, service: Service): RunObservation => ({
  ...run,
  promise: { ...run.promise, routedByChance: false, allowedDuplicates: "after-reconnect" },
  notes: [...run.notes, `The server is ${service.name}, described by ${service.source.path}.`],
  ...(keepsLedger(service) ? {} : { withoutLedger: withoutLedger(service) }),
});
