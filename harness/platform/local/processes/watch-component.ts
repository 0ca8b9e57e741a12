import { nowMs } from "../../../../common/clock.ts";
import type { UpOptions } from "../../platform.ts";
import type { LoggedProcess } from "./logged-process.ts";
import type { ProcessTable } from "./process-table.ts";

export type ExitListeners = Required<Pick<UpOptions, "onComponentExit" | "onStep">>;

/** Reports the end of a router or broker that nobody ended: it is news as long as the deployment is up and in our hands. */
export const watchComponent = (
  part: LoggedProcess,
  processes: ProcessTable,
  news: ExitListeners,
  wasAskedFor: () => boolean = () => false,
): void => {
  void part.exited.then(() => {
    if (processes.isClosed() || wasAskedFor()) return;
    news.onStep(`${part.spec.name} exited by itself`);
    news.onComponentExit(part.spec.name, nowMs());
  });
};
