import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { writeLog, type Level } from "../log-line.ts";
import { timersModule } from "../modules/timers.ts";
import type { VuContext } from "./vu-context.ts";

const CONSOLE_LEVELS: Record<string, Level> = {
  log: "info",
  info: "info",
  warn: "warning",
  error: "error",
  debug: "debug",
};

/** Adds k6's globals. A global of Node or of a browser is a ReferenceError. */
export function addGlobals(vu: VuContext): void {
  const { global, realm } = { global: vu.realm.global, realm: vu.realm };
  const console = realm.object();
  for (const [method, level] of Object.entries(CONSOLE_LEVELS)) {
    console[method] = (...values: unknown[]) => {
      const text = values.map((value) => consoleText(vu, value)).join(" ");
      writeLog(vu.log, level, text, { source: "console" });
    };
  }
  Object.assign(global, timersModule(vu), {
    console,
    open: (path: unknown, mode?: string) => openFile(vu, path, mode),
    __ENV: realm.parse(JSON.stringify(vu.data.env)),
    __VU: vu.data.idInInstance,
  });
  // Undefined in the init context.
  Object.defineProperty(global, "__ITER", {
    configurable: true,
    get: () => (vu.phase === "iteration" ? vu.iteration : undefined),
  });
}

function consoleText(vu: VuContext, value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (typeof (value as { stack?: unknown }).stack === "string")
    return (value as { stack: string }).stack;
  return vu.realm.stringify(value) ?? "undefined";
}

function openFile(vu: VuContext, path: unknown, mode?: string): unknown {
  if (vu.phase !== "init") {
    throw vu.realm.error(
      'The "open()" function is only available in the init stage (i.e. the global scope)',
    );
  }
  const file = resolve(dirname(vu.data.script.path), String(path).replace(/^file:\/\//, ""));
  try {
    const bytes = readFileSync(file);
    return mode === "b" ? vu.realm.arrayBuffer(bytes) : bytes.toString("utf8");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw vu.realm.error(
      `open ${file}: ${missing ? "no such file or directory" : (error as Error).message}`,
    );
  }
}
