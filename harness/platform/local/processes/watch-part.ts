import { nowMs } from "../../../../common/clock.ts";
import type { UpOptions } from "../../platform.ts";
import type { LoggedProcess } from "./logged-process.ts";
import type { ProcessTable } from "./process-table.ts";

export type PartNews = Required<Pick<UpOptions, "onPartExit" | "onStep">>;

/** Reports the end of a router or broker that nobody ended: it is news as long as the deployment is up and in our hands. */
export const watchPart = (
  part: LoggedProcess,
  processes: ProcessTable,
  news: PartNews,
  wasAskedFor: () => boolean = () => false,
): void => {
  void part.exited.then(() => {
    if (processes.isClosed() || wasAskedFor()) return;
    news.onStep(`${part.spec.name} exited by itself`);
    news.onPartExit(part.spec.name, nowMs());
  });
};
