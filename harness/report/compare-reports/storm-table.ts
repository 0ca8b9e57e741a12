/** The reconnect storms of several load tests, side by side. */
import { DASH, escapeMarkdown, formatCount } from "../format.ts";
import type { Summary } from "../summary/summary.ts";

const HEADS = ["load test", "jitter", "retry ms", "topology", "bounce", "cut", "peak", "back 95 %"];
const LEVELS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";

/**
 * A Markdown table with one row for each run with a bounce. All curves have one scale: attempts in
 * a quarter of a second per cut stream.
 * @param results by name, e.g. their folders
 */
export function stormTable(results: ReadonlyMap<string, Summary>): string {
  const rows = [...results].flatMap(([name, { scenario, runs }]) =>
    runs.flatMap(({ topology, bounce, deploy, reconnects }) => {
      if (deploy === null || deploy.away.cut === 0) return [];
      const { cut } = deploy.away;
      const { curve, peakPerCutStream } = deploy.storm;
      const figures = [
        escapeMarkdown(name),
        scenario.jitter,
        formatCount(scenario.retryMs),
        escapeMarkdown(topology),
        bounce,
        formatCount(cut),
        peakPerCutStream === null ? DASH : peakPerCutStream.toFixed(2),
        reconnects.timeTo95Ms === null ? DASH : `${(reconnects.timeTo95Ms / 1000).toFixed(1)} s`,
      ];
      return [{ figures, shares: curve.map((attempts) => attempts / cut) }];
    }),
  );
  const highest = Math.max(0, ...rows.flatMap(({ shares }) => shares));
  const curveOf = (shares: readonly number[]): string =>
    shares
      .map((share) => LEVELS[Math.ceil((share / (highest || 1)) * (LEVELS.length - 1))] ?? "")
      .join("");
  const lines = rows.map(({ figures, shares }) => [...figures, `\`${curveOf(shares)}\``]);
  const table = [[...HEADS, "attempts per quarter second"], HEADS.map(() => "---"), ...lines];
  table[1]?.push("---");
  return [
    ...table.map((cells) => `| ${cells.join(" | ")} |`),
    "",
    `Peak: attempts in the worst second per cut stream. A full block of a curve stands for ` +
      `${highest.toFixed(2)} attempts per cut stream in a quarter of a second. A curve begins ` +
      "with the bounce.",
  ].join("\n");
}
