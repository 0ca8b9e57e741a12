/** Thread entry of the load engine: one shard, steered by messages. */
import { parentPort, workerData } from "node:worker_threads";
import { LoadShard } from "./load-shard.ts";
import { SegmentWriter } from "../segment-writer.ts";
import type { FromWorker, ToWorker, WorkerJob } from "./worker-messages.ts";

const job = workerData as WorkerJob;
if (parentPort === null) throw new Error("load-worker.ts runs in a worker thread only");
const port = parentPort;
const send = (message: FromWorker): void => port.postMessage(message);
const fail = (error: unknown): void =>
  send({ type: "failed", message: error instanceof Error ? error.message : String(error) });

try {
  const recorder = await SegmentWriter.open(job.segmentPath, fail);
  const shard = await LoadShard.create(job, recorder, {
    onArrived: () => send({ type: "arrived" }),
    onSettled: () => send({ type: "settled" }),
  });
  let progressTimer: NodeJS.Timeout | undefined;

  const stop = async (): Promise<void> => {
    clearInterval(progressTimer);
    send({ type: "progress", ...shard.progress() });
    try {
      const report = await shard.stop();
      await recorder.close();
      send({ type: "done", ...report });
    } catch (error) {
      fail(error);
    }
    port.close();
  };

  port.on("message", (message: ToWorker) => {
    if (message.type === "start") {
      shard.start(message.startMs);
      const report = (): void => send({ type: "progress", ...shard.progress() });
      progressTimer = setInterval(report, job.limits.progressMs / 2);
    } else if (message.type === "measured") shard.measure();
    else if (message.type === "drain") shard.drain();
    else void stop();
  });
  send({ type: "ready" });
} catch (error) {
  fail(error);
}
