/** Finds out which session of the plan the server knows under which id. */
import { readLines } from "../../common/files/read-text.ts";
import type { RequestObservation } from "../history/observation.ts";
import type { SessionNames } from "./collect-ledgers.ts";

/** Reads the `create` requests of the load segments: server's session id -> plan's session name. */
export async function sessionNames(segments: readonly string[]): Promise<SessionNames> {
  const names = new Map<string, string>();
  for (const segment of segments) {
    for await (const line of readLines(segment)) {
      // Most lines are receipts: looking for the key first spares parsing each of them.
      if (!line.includes('"sessionId"')) continue;
      const request = JSON.parse(line) as RequestObservation;
      if (request.sessionId !== undefined) names.set(request.sessionId, request.session);
    }
  }
  return names;
}
