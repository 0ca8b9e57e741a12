import { Worker } from "node:worker_threads";
import type {
  FromWorker,
  ToWorker,
  WorkerJob,
  WorkerProgress,
  WorkerReport,
} from "./worker-messages.ts";

/** The worker threads of one run. The first failure of any of them fails {@link failed}, once. */
export class WorkerPool {
  readonly #workers: Worker[];
  readonly #progress: WorkerProgress[];
  readonly #reports: (WorkerReport | undefined)[];
  readonly #counts = new Map<
    FromWorker["type"],
    { count: number; resolve: () => void; reached: Promise<void> }
  >();
  #reject: (error: Error) => void = () => {};
  /** Never resolves. */
  readonly failed: Promise<never>;

  /** `program`: the JavaScript file that each thread runs. */
  constructor(jobs: readonly WorkerJob[], program: string) {
    this.failed = new Promise((_, reject) => (this.#reject = reject));
    // Each wait for a milestone races it against this, so no other handler is needed.
    this.failed.catch(() => {});
    this.#progress = jobs.map(() => ({ up: 0, received: 0, reconnects: 0, overdue: 0 }));
    this.#reports = jobs.map(() => undefined);
    this.#workers = jobs.map((job, index) => {
      const worker = new Worker(program, { workerData: job, execArgv: [], name: `load-${index}` });
      worker.on("message", (message: FromWorker) => this.#onMessage(index, message));
      worker.on("error", (error) =>
        this.#reject(error instanceof Error ? error : new Error(String(error))),
      );
      worker.on("exit", () => {
        if (this.#reports[index] === undefined)
          this.#reject(new Error(`load worker ${index} ended early`));
      });
      return worker;
    });
  }

  send(message: ToWorker): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  /** Resolves when every worker has sent a message of this type. */
  all(type: "ready" | "arrived" | "settled" | "done"): Promise<void> {
    return this.#milestone(type).reached;
  }

  /** Latest figures, summed over the workers. */
  progress(): WorkerProgress {
    const sum = { up: 0, received: 0, reconnects: 0, overdue: 0 };
    for (const one of this.#progress) {
      sum.up += one.up;
      sum.received += one.received;
      sum.reconnects += one.reconnects;
      sum.overdue += one.overdue;
    }
    return sum;
  }

  /** Complete once all are done. */
  reports(): WorkerReport[] {
    return this.#reports.filter((report) => report !== undefined);
  }

  /** Resolves when no thread is left; its sockets go with it. */
  async terminate(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #onMessage(index: number, message: FromWorker): void {
    if (message.type === "progress") this.#progress[index] = message;
    if (message.type === "done") this.#reports[index] = message;
    if (message.type === "failed") {
      this.#reject(new Error(message.message));
      return;
    }
    const milestone = this.#milestone(message.type);
    milestone.count++;
    if (milestone.count === this.#workers.length) milestone.resolve();
  }

  #milestone(type: FromWorker["type"]): {
    count: number;
    resolve: () => void;
    reached: Promise<void>;
  } {
    let milestone = this.#counts.get(type);
    if (milestone === undefined) {
      let resolve = (): void => {};
      const reached = new Promise<void>((done) => (resolve = done));
      milestone = { count: 0, resolve, reached };
      this.#counts.set(type, milestone);
    }
    return milestone;
  }
}
