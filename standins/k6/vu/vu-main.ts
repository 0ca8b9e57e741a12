/** Entry of a VU's thread. host/main.ts bundles it at the start of a run. */
import { parentPort, workerData } from "node:worker_threads";

import type { CommandResult, VuCommand, VuData } from "../protocol.ts";
import { VuThread } from "./vu-thread.ts";

const vu = new VuThread(workerData as VuData);

parentPort?.on("message", (command: VuCommand) => {
  if (command.command === "settle") {
    vu.link.settle(command.id, command.reply);
    return;
  }
  void vu.execute(command).then((result: CommandResult) => vu.link.tell({ note: "done", result }));
});

process.on("unhandledRejection", (reason) => vu.loop.fail(reason));
