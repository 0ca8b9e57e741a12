/** What report.md is put together from. */
import { escapeMarkdown } from "../format.ts";

/** A paragraph, a list or a table. Null is left out, as is a section without any block. */
export type Block = string | null;

export const bullets = (lines: readonly string[]): Block =>
  lines.length === 0 ? null : lines.map((line) => `- ${escapeMarkdown(line)}`).join("\n");

export const section = (title: string, ...blocks: Block[]): Block => {
  const present = blocks.filter((block) => block !== null);
  return present.length === 0 ? null : [`## ${title}`, ...present].join("\n\n");
};

/** A table with an explanation; null without a table. */
export const explained = (explanation: string, table: Block): Block =>
  table === null ? null : `${explanation}\n\n${table}`;

export const glossary = (title: string, lines: Readonly<Record<string, string>>): string =>
  `**${title}**\n\n${Object.entries(lines)
    .map(([word, meaning]) => `- ${word}: ${meaning}`)
    .join("\n")}`;
