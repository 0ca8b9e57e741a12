import { dataModule } from "./data.ts";
import { executionModule } from "./execution.ts";
import { httpModule } from "./http.ts";
import { k6Module } from "./k6.ts";
import { metricsModule } from "./metrics.ts";
import { sseModule } from "./sse.ts";
import { timersModule } from "./timers.ts";
import type { K6Module } from "../vu/vu-context.ts";

/** All modules that a script may import, one file each. */
export const MODULES: Readonly<Record<string, () => K6Module | Promise<K6Module>>> = {
  k6: () => k6Module,
  "k6/data": () => dataModule,
  "k6/execution": () => executionModule,
  "k6/http": () => httpModule,
  "k6/metrics": () => metricsModule,
  "k6/timers": () => timersModule,
  // Its dependencies would take a third of the start of every VU.
  "k6/websockets": async () => (await import("./websockets.ts")).websocketsModule,
  "k6/x/sse": () => sseModule,
};
