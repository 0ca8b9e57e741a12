import type { IdPattern } from "../../load/portable/service/service-protocol.ts";

const GROUPS: Readonly<Record<string, string>> = {
  // No leading zero, so that one number has one text.
  sequence: "(0|[1-9][0-9]*)",
  // What a history can hold without quoting.
  run: String.raw`([^\x00-\x20"\\]+)`,
  value: "([^/?#]+)",
  any: "(.*)",
};

interface Compiled {
  source: string;
  /** 1-based group of each placeholder. */
  groups: Readonly<Record<string, number>>;
}

/** A text with placeholders as a regular expression that takes the placeholders' parts. */
export function compilePattern(text: string): Compiled {
  const groups: Record<string, number> = {};
  const parts = text.split(/\$\{([^}]*)\}/);
  const source = parts.map((part, index) => {
    if (index % 2 === 0) return part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
    groups[part] = (index + 1) / 2;
    return GROUPS[part] ?? "(.*)";
  });
  return { source: `^${source.join("")}$`, groups };
}

/** @param text with `${sequence}` */
export function compileIdPattern(text: string): IdPattern {
  const { source, groups } = compilePattern(text);
  const { sequence = 0, run } = groups;
  const [, separator] = /^\$\{run\}([^$]+)\$\{sequence\}$/.exec(text) ?? [];
  return {
    source,
    sequence,
    ...(run === undefined ? {} : { run }),
    ...(separator === undefined ? {} : { separator }),
  };
}
