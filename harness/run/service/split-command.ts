/** Words, and texts in single or double quotes. */
const WORD = /"([^"]*)"|'([^']*)'|(\S+)/g;

/** A command line as its arguments. Quotes keep spaces together; no shell reads it. */
export const splitCommand = (line: string): string[] =>
  [...line.matchAll(WORD)].map(([, double, single, plain]) => double ?? single ?? plain ?? "");
