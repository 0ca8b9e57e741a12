// Worker threads of Node 20 do not take over the loader that the main thread was started with (`--import tsx` in `execArgv` has
// no effect on a worker's entry file), so the thread starts as JavaScript and registers the loader itself.
import { register } from "tsx/esm/api";

register();
await import("./load-worker.ts");
