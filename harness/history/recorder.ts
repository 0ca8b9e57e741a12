import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Observation, Recorder } from "./observation.ts";

export interface FileRecorder extends Recorder {
  /** Resolves when the file has every observation. Rejects with the first write error (ENOSPC). */
  close(): Promise<void>;
}

/**
 * Appends observations to an NDJSON segment file, and creates it if it is absent. It buffers in
 * memory while the disk is busy, so it suits few records; the load engine's workers have their own.
 * @param onError called once with the first write error; later observations are lost
 */
export function createFileRecorder(path: string, onError?: (error: Error) => void): FileRecorder {
  let failure: Error | undefined;
  let closing: Promise<void> | undefined;
  const stream = createWriteStream(path, { flags: "a" });
  stream.on("error", (error) => {
    if (failure !== undefined) return;
    failure = error;
    onError?.(error);
  });

  const finish = async (): Promise<void> => {
    stream.end();
    // `close` follows success and failure; `finish` does not follow a failure.
    if (!stream.closed) await once(stream, "close").catch(() => undefined);
    if (failure !== undefined) throw failure;
  };

  return {
    record(observation: Observation): void {
      if (!stream.destroyed) stream.write(`${JSON.stringify(observation)}\n`);
    },
    close: () => (closing ??= finish()),
  };
}
