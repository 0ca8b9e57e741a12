import { pino, type Logger } from "pino";

/** A logger whose warnings and errors can be looked at, oldest first. */
export function memoryLog(): { logger: Logger; entries: Record<string, unknown>[] } {
  const entries: Record<string, unknown>[] = [];
  const write = (line: string): void =>
    void entries.push(JSON.parse(line) as Record<string, unknown>);
  return { logger: pino({ level: "warn" }, { write }), entries };
}
