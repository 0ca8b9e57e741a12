import { isNode, isMap, type Document, type LineCounter } from "yaml";

type Path = readonly (string | number)[];

/** What is wrong with a key of a service file, and what to write instead. */
export interface Problem {
  path: Path;
  message: string;
}

/** A service file as text, with the place of each key. */
export interface SourceFile {
  /** As the user named it. */
  path: string;
  document: Document;
  lines: LineCounter;
}

/** `sse-lab.service.yaml:14:3: stream.request: ...` */
export const describeProblem = (source: SourceFile, { path, message }: Problem): string =>
  [placeOf(source, path), keyOf(path), message].filter((part) => part !== "").join(": ");

/** `events.terminal[0].pointer` */
export const keyOf = (path: Path): string =>
  path.reduce<string>(
    (key, part) =>
      typeof part === "number" ? `${key}[${part}]` : key === "" ? part : `${key}.${part}`,
    "",
  );

/** File, line and column of a key; of the nearest one above it if the file does not have it. */
export function placeOf({ path: file, document, lines }: SourceFile, path: Path): string {
  const offset = offsetOf(document, path);
  if (offset === undefined)
    return path.length === 0 ? file : placeOf({ path: file, document, lines }, path.slice(0, -1));
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}`;
}

/** Where a key begins; of an item of a list, the item. */
function offsetOf(document: Document, path: Path): number | undefined {
  const last = path.at(-1);
  if (last === undefined) return undefined;
  const parent: unknown =
    path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isNode(key) && key.toJSON() === last);
    return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const item: unknown = document.getIn(path, true);
  return isNode(item) ? item.range?.[0] : undefined;
}
