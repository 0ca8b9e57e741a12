import { seededRandom, type Random } from "../../../common/portable/seeded-random.ts";
import type { PipelineEventType, PipelinePlan } from "../contract/events.ts";

/** A planned event, without the run's epoch, times and instance. */
export interface PlannedEvent {
  type: PipelineEventType;
  /** 1-based. */
  seq: number;
  payload: { text: string } & Record<string, unknown>;
}

const MAX_STAGES = 5;
const STAGE_NAMES = ["intake", "research", "draft", "review", "polish"] as const;
/** One in this many events of a stage is a workflow event. */
const WORKFLOW_EVERY = 12;
const FILLER =
  "The quick brown fox jumps over the lazy dog while the pipeline writes its next section. ";

/**
 * Generates the `plan.events` events of a pipeline run, the same for the same plan: stages with
 * sections and some workflow events, gates spread evenly, and `pipeline_complete` at the end. Each
 * payload's `text` has `plan.payloadBytes` bytes (ASCII).
 */
export function* planEvents(plan: PipelinePlan): Generator<PlannedEvent, void, undefined> {
  const random = seededRandom(plan.seed);
  const source = FILLER.repeat(Math.ceil(plan.payloadBytes / FILLER.length) + 1);
  const text = (): string => {
    const from = random.integer(0, FILLER.length - 1);
    return source.slice(from, from + plan.payloadBytes);
  };

  const inStages = plan.events - 1 - plan.gates;
  let staged = 0;
  for (let seq = 1, gate = 1; seq < plan.events; seq++) {
    if (seq === gateSeq(plan, gate)) {
      yield { type: "pipeline_gate", seq, payload: { gate: `gate-${gate}`, text: text() } };
      gate++;
    } else {
      const { type, stage } = stageEvent(staged, inStages, random);
      yield { type, seq, payload: { stage, text: text() } };
      staged++;
    }
  }
  yield { type: "pipeline_complete", seq: plan.events, payload: { text: text() } };
}

/** The number of the n-th gate's event (1-based). With fewer gates than events, all differ. */
function gateSeq(plan: PipelinePlan, gate: number): number {
  return gate > plan.gates ? 0 : Math.floor((gate * plan.events) / (plan.gates + 1));
}

/**
 * Event `index` of `count` in stages of similar length. A stage of one event has no start or end.
 */
function stageEvent(
  index: number,
  count: number,
  random: Random,
): { type: PipelineEventType; stage: string } {
  const stages = Math.max(1, Math.min(MAX_STAGES, Math.floor(count / 3)));
  const number = Math.floor((index * stages) / count);
  const first = Math.ceil((number * count) / stages);
  const last = Math.ceil(((number + 1) * count) / stages) - 1;
  const stage = STAGE_NAMES[number] ?? "stage";
  if (first < last && index === first) return { type: "stage_start", stage };
  if (first < last && index === last) return { type: "stage_complete", stage };
  const type =
    (["replan", "preferences"] as const)[random.integer(1, 2 * WORKFLOW_EVERY) - 1] ??
    "section_draft";
  return { type, stage };
}
