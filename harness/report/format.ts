/** How every report writes figures. A missing figure is a dash, never a zero. */

export const DASH = "–";

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** A count with thousands separators: `12,000`. Medians may have a half. */
export const formatCount = (value: number | null): string =>
  value === null ? DASH : grouped.format(value);

/**
 * A ratio as a percentage. `0 %` and `100 %` are exact; values that round to them become `<0.01 %`
 * and `>99.99 %`.
 */
export const formatPercent = (ratio: number | null): string => {
  if (ratio === null) return DASH;
  if (ratio === 0) return "0 %";
  if (ratio === 1) return "100 %";
  const percent = ratio * 100;
  const fine = percent.toFixed(2);
  if (fine === "0.00") return "<0.01 %";
  if (fine === "100.00") return ">99.99 %";
  const coarse = percent.toFixed(1);
  return `${percent < 10 || coarse === "100.0" ? fine : coarse} %`;
};

/** Milliseconds: with a decimal below a hundred, as seconds from ten seconds on. */
export const formatMs = (value: number | null): string => {
  if (value === null) return DASH;
  const size = Math.abs(value);
  if (size === 0) return "0 ms";
  if (size < 0.05) return value < 0 ? ">-0.1 ms" : "<0.1 ms";
  if (size < 99.95) return `${value.toFixed(1)} ms`;
  if (size < 9_999.5) return `${grouped.format(Math.round(value))} ms`;
  return `${grouped.format(value / 1000)} s`;
};

/** Bytes in KiB, MiB or GiB. */
export const formatBytes = (bytes: number | null): string => {
  if (bytes === null) return DASH;
  if (bytes >= 1024 ** 3) return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  if (bytes >= 1024 ** 2) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return formatKibibytes(bytes);
};

/** Two decimals below ten, one above; `<0.01` instead of `0.00`. */
const formatSmall = (value: number): string => {
  if (value === 0) return "0";
  if (value < 0.005) return "<0.01";
  return value < 9.995 ? value.toFixed(2) : grouped.format(value);
};

/** CPU seconds per second. */
export const formatCores = (value: number | null): string =>
  value === null ? DASH : formatSmall(value);

/** CPU seconds. */
export const formatSeconds = (value: number | null): string =>
  value === null ? DASH : `${formatSmall(value)} s`;

/** Bytes in KiB. */
export const formatKibibytes = (bytes: number | null): string => {
  if (bytes === null) return DASH;
  const kibibytes = bytes / 1024;
  return bytes > 0 && kibibytes < 0.05 ? "<0.1 KiB" : `${grouped.format(kibibytes)} KiB`;
};

/** Bytes per second in MB/s. */
export const formatMegabytes = (bytesPerSecond: number | null): string =>
  bytesPerSecond === null ? DASH : `${formatSmall(bytesPerSecond / 1e6)} MB/s`;

/** `a`, `a and b`, `a, b and c`. */
export const formatList = (items: readonly string[]): string =>
  items.length < 2
    ? (items[0] ?? "")
    : `${items.slice(0, -1).join(", ")} and ${items.at(-1) ?? ""}`;

/** `1 run`, `2 runs`. */
export const formatNumberOf = (value: number, singular: string, plural = `${singular}s`): string =>
  `${formatCount(value)} ${value === 1 ? singular : plural}`;

/** Null: unknown. */
export const formatCpus = (cpus: number | null): string =>
  cpus === null ? "an unknown number of CPUs" : formatNumberOf(cpus, "CPU");

/** The first letter in upper case, for the start of a sentence. */
export const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * Text from outside, made safe for one line or table cell of Markdown: no line breaks, no cell
 * borders, no HTML, no links, images, code or emphasis. Entities instead of backslashes, because a
 * backslash before a border may itself be escaped. Brackets alone and an underscore inside a word
 * mean nothing.
 */
export const escapeMarkdown = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(
      /[|\\`*~]|\](?=[([:])|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=\bwww)\./giu,
      (character) => `&#${character.charCodeAt(0)};`,
    )
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim();
