import type { LoadPlan } from "../portable/load-plan.ts";
import type { K6RunState } from "./k6-run-state.ts";
import type { K6LogReader } from "./records/read-k6-log-records.ts";

/** What the scripts' records lack, one sentence each; none when every session of the plan was followed to its end. */
export function gapsOf(
  { arrived, ended, twice }: K6RunState,
  { sessions }: LoadPlan,
  { torn, example }: Pick<K6LogReader, "torn" | "example">,
): string[] {
  return [
    ...(ended < sessions
      ? [
          `k6 brought only ${ended} of ${sessions} sessions to their end (${arrived} arrived): what the others saw is not known.`,
        ]
      : []),
    ...(twice.size > 0 ? [`k6 let ${[...twice].slice(0, 3).join(", ")} arrive twice.`] : []),
    ...(torn > 0
      ? [
          `${torn} of the lines that the scripts wrote could not be read (${example ?? ""}): what they said is not known.`,
        ]
      : []),
  ];
}
