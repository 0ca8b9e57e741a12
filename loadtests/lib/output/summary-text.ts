import type { RunResult } from "../../../harness/checker/run-result.ts";

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** A run in a few aligned lines. */
export const summaryText = (run: RunResult): string => {
  const { latencyMs, reconnects } = run;
  const rows: [string, string][] = [
    ["sessions", `${run.sessions} (${run.stuckStreams} stuck)`],
    ["events due", String(run.due)],
    ["delivered", `${run.delivered} (+ ${run.recovered} recovered)`],
    ["lost", `${run.lost} (${(run.lossRatio * 100).toFixed(2)} %)`],
    ["never published", String(run.neverPublished)],
    ["indeterminate", String(run.indeterminate)],
    ["duplicated", String(run.duplicated)],
    ["reordered", String(run.reordered)],
    ["unexpected", String(run.unexpected)],
    [
      "latency p50 / p99 / max",
      latencyMs === null
        ? "no samples"
        : `${ms(latencyMs.p50)} / ${ms(latencyMs.p99)} / ${ms(latencyMs.max)}`,
    ],
    [
      "reconnects",
      reconnects.downtimeMs === null
        ? String(reconnects.count)
        : `${reconnects.count}, away for ${ms(reconnects.downtimeMs.p50)} (p50), ` +
          `${ms(reconnects.downtimeMs.max)} (max)`,
    ],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const table = rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`).join("\n");
  return (
    `\n${run.topology}, bounce ${run.bounce}, repeat ${run.repeat}: ` +
    `${run.verdict}\n${table}\n${run.reasons.map((reason) => `  ${reason}\n`).join("")}\n`
  );
};
