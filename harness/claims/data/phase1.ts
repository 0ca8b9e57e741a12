/** What the strategy says of one instance, of several, and of sticky sessions. */
import { DARK, KILLED, LOST, NEVER_BACK } from "../../report/summary/figures.ts";
import type { Claim } from "../claim.ts";
import {
  atLeast,
  atMost,
  CUTS,
  factOf,
  figureOf,
  FULLEST,
  FULLEST_OF_ALL,
  HIT_RATIO,
  NO_ROUTE,
} from "../read-figures.ts";

/** A smaller share is of no consequence, as in every comparison of the lab. */
export const NOTHING = atMost(0.005);
const NO_TIME = atMost(0.02);

export const PHASE1_CLAIMS: readonly Claim[] = [
  {
    id: "one-instance",
    place: "Problem",
    quote: "With a single server instance, this works perfectly",
    checks: [figureOf(LOST, "phase0", "none", NOTHING)],
    caveats: [
      figureOf(DARK, "phase0", "rolling", NO_TIME),
      figureOf(KILLED, "phase0", "rolling", NOTHING),
    ],
  },
  {
    id: "several-instances",
    place: "Problem",
    quote:
      "With multiple instances, events are lost because the pipeline may run on a different " +
      "instance than the one holding the SSE client.",
    checks: [
      figureOf(LOST, "naive", "none", atLeast(0.005)),
      figureOf(NO_ROUTE, "naive", "none", atLeast(0.99)),
    ],
  },
  {
    id: "no-code-changes",
    place: "Phase 1: What",
    quote: "No code changes needed.",
    checks: [
      factOf(
        "phase1ServerSettings",
        "settings of the server that phase1 changes, with the same program",
        atMost(0),
      ),
      figureOf(LOST, "phase1", "none", NOTHING),
    ],
  },
  {
    id: "sticky-cookie",
    place: "Phase 1: How",
    quote:
      "The first request creates a sticky cookie; subsequent requests route to the same instance",
    checks: [figureOf(HIT_RATIO, "phase1", "none", atLeast(0.999))],
    caveats: [figureOf(HIT_RATIO, "phase1", "rolling", atLeast(0.999))],
  },
  {
    id: "railway-affinity",
    place: "Phase 1: How",
    quote: "Railway uses a cookie-based session affinity mechanism.",
    untestable: "a property of Railway, which the lab does not load",
  },
  {
    id: "railway-timeout",
    place: "Phase 1: How",
    quote:
      "Set `RAILWAY_SERVICE_TIMEOUT` appropriately for long SSE connections " +
      "(default 30s may be too short)",
    untestable: "a setting of Railway, which the lab does not load",
  },
  {
    id: "header-hash",
    place: "Phase 1: How",
    quote: "Load balancer uses consistent hashing on this header",
    checks: [
      figureOf(HIT_RATIO, "phase1-header", "none", atLeast(0.999)),
      figureOf(LOST, "phase1-header", "none", NOTHING),
    ],
  },
  {
    id: "restart-cuts",
    place: "Phase 1: Limitations",
    quote:
      "If the instance holding the SSE connection restarts (deploy, crash, OOM), the client " +
      "loses the connection.",
    checks: [
      figureOf(CUTS, "phase1", "crash", atLeast(0.25)),
      figureOf(CUTS, "phase1", "rolling", atLeast(0.9)),
    ],
  },
  {
    id: "frontend-reconnects",
    place: "Phase 1: Limitations",
    quote: "The frontend already handles this with reconnection logic (`useSSEConnection`).",
    checks: [figureOf(NEVER_BACK, "phase1", "rolling", NOTHING)],
    caveats: [
      figureOf(DARK, "phase1", "rolling", NO_TIME),
      figureOf(KILLED, "phase1", "rolling", NOTHING),
    ],
  },
  {
    id: "uneven-load",
    place: "Phase 1: Limitations",
    quote:
      "If one session is very long-running, its instance may be underutilized while others are " +
      "overloaded.",
    checks: [figureOf(FULLEST, "phase1", "rolling", atLeast(1.2))],
    caveats: [figureOf(FULLEST, "phase1", "none", atLeast(1.2))],
  },
  {
    id: "scale-ceiling",
    place: "Phase 1: Limitations",
    quote:
      "With N instances and sticky sessions, the max concurrent sessions is still limited by a " +
      "single instance's resources",
    checks: [figureOf(FULLEST_OF_ALL, "phase1", "none", atLeast(0.9))],
  },
  {
    id: "deploys-bounce-all",
    place: "Phase 1: When This Breaks",
    quote: "Deploying frequently (each deploy bounces all connections)",
    checks: [figureOf(CUTS, "phase1", "rolling", atLeast(0.9))],
  },
  {
    id: "no-failover",
    place: "Phase 1: When This Breaks",
    quote: "You need true fault tolerance (automatic failover to another instance mid-pipeline)",
    checks: [figureOf(KILLED, "phase1", "crash", atLeast(0.25))],
    caveats: [figureOf(KILLED, "phase2", "crash", NOTHING)],
  },
  {
    id: "five-minutes",
    place: "Recommendation",
    quote: "Zero code changes, 5-minute configuration.",
    untestable: "how long a person takes; that no code changes is judged above",
  },
];
