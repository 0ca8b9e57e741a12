/** What the strategy says against Supabase Realtime. */
import { LOST, DELIVERY_P50 } from "../../report/summary/figures.ts";
import type { RunGroup } from "../../report/summary/run-group.ts";
import type { Claim } from "../claim.ts";
import {
  atLeast,
  atMost,
  CUTS,
  factOf,
  figureOf,
  PAGE_CODE,
  ratioOf,
  UNPUBLISHED,
} from "../read-figures.ts";

const onStandIn = ({ measured }: RunGroup): string | null =>
  measured.some(({ realtime }) => realtime?.standIn !== false)
    ? "it was measured on realtime-standin alone, whose latency says nothing about Supabase"
    : null;

export const PHASE3_CLAIMS: readonly Claim[] = [
  {
    id: "realtime-latency",
    place: "Phase 3: Why Not Recommended",
    quote: "Adds latency (event → Supabase → client vs. event → client)",
    checks: [ratioOf(DELIVERY_P50, ["phase3", "phase2"], "none", atLeast(1.1), onStandIn)],
  },
  {
    id: "realtime-dependence",
    place: "Phase 3: Why Not Recommended",
    quote: "Makes the core pipeline dependent on Supabase Realtime availability",
    checks: [
      figureOf(CUTS, "phase3", "realtime-outage", atLeast(0.9)),
      figureOf(LOST, "phase3", "realtime-outage", atLeast(0.005)),
    ],
    // Pipelines go on without it: only the delivery of their events depends on it.
    caveats: [figureOf(UNPUBLISHED, "phase3", "realtime-outage", atLeast(0.005))],
  },
  {
    id: "realtime-limits",
    place: "Phase 3: Why Not Recommended",
    quote: "Supabase Realtime has connection limits per project",
    checks: [
      factOf(
        "realtimeStreams",
        "streams that plan pro allows a project, as supabase.com publishes them",
        atMost(20_000),
      ),
    ],
  },
  {
    id: "realtime-front-end",
    place: "Phase 3: Why Not Recommended",
    quote: "Would require significant frontend changes (replace SSE with Supabase Realtime SDK)",
    checks: [figureOf(PAGE_CODE, "phase3", "none", atLeast(10_240))],
  },
  {
    id: "realtime-adaptation",
    place: "Phase 3: Why Not Recommended",
    quote:
      "Current SSE protocol is custom (typed events, gate responses) — would need adaptation " +
      "layer",
    checks: [
      factOf(
        "adaptationLines",
        "lines of code from Realtime's messages to the typed events of a page",
        atLeast(50),
      ),
    ],
  },
  {
    id: "realtime-serverless",
    place: "Phase 3: When It Makes Sense",
    quote:
      "If the product moves to a serverless architecture (e.g., Supabase Edge Functions for " +
      "pipeline), Supabase Realtime becomes the natural event transport.",
    untestable: "an opinion on an architecture that the lab does not have",
  },
];
