import { SseScanner } from "../native/transport/sse-scanner.ts";

export interface Scanned {
  events: [name: string, id: string | undefined, data: string][];
  retries: number[];
  lastEventId: string;
}

/**
 * Scans chunks as a connection delivers them: through one buffer that is overwritten by every read,
 * so that whatever the scanner forgot to copy comes out as garbage.
 */
export const scan = (chunks: readonly Buffer[], maxBytes = 1_000_000): Scanned => {
  const shared = Buffer.alloc(Math.max(8, ...chunks.map((chunk) => chunk.length)) + 2);
  const scanned: Scanned = { events: [], retries: [], lastEventId: "" };
  const scanner = new SseScanner(
    {
      onSseEvent: (name, id) => scanned.events.push([name, id, scanner.data()]),
      onSseRetry: (retryMs) => scanned.retries.push(retryMs),
    },
    maxBytes,
  );
  for (const chunk of chunks) {
    shared.fill("\n:#");
    chunk.copy(shared, 1);
    scanner.push(shared, 1, 1 + chunk.length);
  }
  scanned.lastEventId = scanner.lastEventId;
  return scanned;
};

/** Cuts bytes at the given places. */
export const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1))), bytes.length].sort(
    (a, b) => a - b,
  );
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
};
