/** What new users met during a deploy, step by step. */
import type { RunResult } from "../../checker/run-result.ts";
import { formatCount, formatMs } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { topologyLabel } from "../realtime-implementation-note.ts";
import { bounceLabel, groupFigure, type RunGroup, runsNote } from "../summary/run-group.ts";
import { type Column, tableOf } from "./markdown-tables.ts";

type Met = NonNullable<RunResult["newUsers"]>;
type StepName = keyof Met["during"];
type Requests = Met["during"][StepName];

const STEPS: Readonly<Record<StepName, string>> = {
  create: "create the session",
  connect: "open the stream",
  start: "start the pipeline",
  gate: "answer a gate",
  begin: "all, until the pipeline runs",
};

interface Row {
  group: RunGroup;
  step: StepName;
}

const count = ({ group, step }: Row): number =>
  Math.max(0, ...group.measured.map(({ newUsers }) => newUsers?.during[step].count ?? 0));

/** Null without a new user during a bounce. */
export const newUserTable = (groups: readonly RunGroup[]): string | null => {
  const rows = groups
    .filter(({ bounce }) => bounce !== STEADY)
    .flatMap((group) => (Object.keys(STEPS) as StepName[]).map((step) => ({ group, step })))
    .filter((row) => count(row) > 0);
  const column = (
    heading: string,
    when: keyof Met,
    figure: (requests: Requests) => number | null,
    format: (value: number | null) => string = formatCount,
  ): Column<Row> => ({
    heading,
    cell: ({ group, step }) =>
      groupFigure(group, ({ newUsers }) => newUsers && figure(newUsers[when][step]), format),
  });
  return tableOf(rows, [
    {
      heading: "topology",
      align: "l",
      cell: ({ group }) => topologyLabel(group) + runsNote(group),
    },
    { heading: "bounce", align: "l", cell: ({ group }) => bounceLabel(group.bounce) },
    { heading: "step", align: "l", cell: ({ step }) => STEPS[step] },
    column("users", "during", (requests) => requests.count),
    column("failed", "during", (requests) => requests.failed),
    column("retries", "during", (requests) => requests.retries),
    column("p50", "during", (requests) => requests.durationMs?.p50 ?? null, formatMs),
    column("p99", "during", (requests) => requests.durationMs?.p99 ?? null, formatMs),
    column("p99 otherwise", "outside", (requests) => requests.durationMs?.p99 ?? null, formatMs),
  ]);
};
