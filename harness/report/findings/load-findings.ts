/** Whether the load was what was asked for. */
import { formatCount } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { type RunGroup, bounceLabel, shareOfDue } from "../summary/run-group.ts";

/**
 * Runs whose load was not what was asked for, so that their figures are of a smaller load. What died pipelines never
 * published is not held against the load generator; after a bounce that hit pipelines it cannot be told apart at all.
 */
export const loadFindings = (groups: readonly RunGroup[]): string[] =>
  groups
    .flatMap((group) => group.runs)
    .filter((run) => run.bounce === STEADY || (run.neverPublished === 0 && run.indeterminate === 0))
    .flatMap((run) => {
      const publishable =
        run.load.offeredEventsPerSecond * (1 - shareOfDue(run, run.neverPublished + run.indeterminate));
      if (run.load.achievedEventsPerSecond >= 0.95 * publishable) return [];
      return [
        `${run.topology}, ${bounceLabel(run.bounce)}, repeat ${run.repeat}: ${formatCount(run.load.achievedEventsPerSecond)} of ${formatCount(publishable)} events per second that could have been published were achieved, so its figures are of a smaller load.`,
      ];
    });
