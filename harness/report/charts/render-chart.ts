/**
 * Draws a chart as SVG without a browser. The library is loaded on demand, because only a report
 * needs it.
 */
import type { LoggerInterface } from "vega";
import type { TopLevelSpec } from "vega-lite";
import { CHART_THEME } from "./chart-theme.ts";

/**
 * A chart in Vega-Lite's grammar. Its own types are so wide that they double the time of a type
 * check, so the library checks a chart when it draws it.
 */
export type ChartSpec = Readonly<Record<string, unknown>>;

export type DrawChart = (spec: ChartSpec) => Promise<string>;

/** What the library does not understand is a mistake of ours, and never drawn some other way. */
const refuse = (...words: readonly unknown[]): never => {
  throw new Error(`a chart is wrong: ${words.map(String).join(" ")}`);
};
const strict: LoggerInterface = {
  level: () => strict,
  error: refuse,
  warn: refuse,
  info: () => strict,
  debug: () => strict,
};

/** Positions, but no words, need no more digits than a screen has. */
const rounded = (svg: string): string =>
  svg.replaceAll(/<[^>]*>/g, (tag) =>
    tag.replaceAll(/-?\d+\.\d{2,}/g, (number) => String(Math.round(Number(number) * 10) / 10)),
  );

/** The library numbers clip paths over all charts of a process; here they count in each chart. */
const ownIds = (svg: string, prefix: string): string => {
  const ids = new Map<string, string>();
  return svg.replaceAll(/(id="|url\(#)((?:clip|gradient)\d+)/g, (_, before: string, id: string) => {
    if (!ids.has(id)) ids.set(id, `${prefix}-${ids.size + 1}`);
    return before + (ids.get(id) ?? "");
  });
};

/** Screen readers skip the picture, and nothing in it is pointed at. */
const withoutRoles = (svg: string): string =>
  svg
    .replaceAll(
      /<path class="(?:back|fore)ground"[^>]*d="(?:M0,0h[\d.]+v0h-?[\d.]+Z)?"[^>]*\/>/g,
      "",
    )
    .replaceAll(/ (?:role|aria-[a-z]+|class|pointer-events|xmlns:xlink)="[^"]*"/g, "")
    .replaceAll(/ opacity="1"/g, "");

/**
 * The library uses names as keys of plain objects, which have some already: `constructor` breaks a
 * chart, and another one would change all objects of the process.
 */
const harmless = (spec: ChartSpec): TopLevelSpec =>
  JSON.parse(
    JSON.stringify(spec).replaceAll(/"(\w+)"/g, (text, name: string) =>
      name in Object.prototype ? `"(${name.replaceAll("_", "")})"` : text,
    ),
  ) as TopLevelSpec;

/**
 * Resolves to a function that draws charts, of one page at most: it numbers them. Colours stay CSS
 * variables, so one picture serves light and dark. The SVG is hidden from screen readers; the page
 * describes it.
 */
export const loadChartLibrary = async (): Promise<DrawChart> => {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  let drawn = 0;
  return async (spec) => {
    const compiled = compile(harmless(spec), {
      config: CHART_THEME,
      logger: strict,
    }).spec;
    const view = new vega.View(vega.parse(compiled), { renderer: "none" });
    const svg = await view.toSVG();
    view.finalize();
    drawn += 1;
    return ownIds(withoutRoles(rounded(svg)), `chart${drawn}`).replace(
      /^<svg /,
      '<svg aria-hidden="true" focusable="false" ',
    );
  };
};
