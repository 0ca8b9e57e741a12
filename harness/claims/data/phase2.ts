/** What the strategy says of Redis pub/sub, and of the way there. */
import type { RunResult } from "../../checker/run-result.ts";
import { DARK, KILLED, LOST } from "../../report/summary/figures.ts";
import type { Check, Claim } from "../claim.ts";
import {
  atLeast,
  atMost,
  factOf,
  figureOf,
  HIT_RATIO,
  ratioOf,
  stepShare,
  UNPUBLISHED,
} from "../read-figures.ts";
import { NOTHING } from "./phase1.ts";

type Step = NonNullable<RunResult["steps"]>[number];
type Limit = ReturnType<typeof atMost>;

/** One session of a hundred leaves that much open. */
const NOTHING_IN_STEP = atMost(0.02);

const overRedis = (step: string, limit: Limit): Check =>
  stepShare(
    "events through Redis",
    step,
    ({ overBroker, published }: Step) => ({ hits: overBroker, of: published }),
    limit,
  );
const lostIn = (step: string, limit: Limit = NOTHING_IN_STEP): Check =>
  stepShare(
    "events lost",
    step,
    ({ lost, delivered, recovered }: Step) => ({ hits: lost, of: lost + delivered + recovered }),
    limit,
  );
const unpublishedIn = (step: string, limit: Limit = NOTHING_IN_STEP): Check =>
  stepShare(
    "events never published",
    step,
    ({ neverPublished, due }: Step) => ({ hits: neverPublished, of: due }),
    limit,
  );

export const PHASE2_CLAIMS: readonly Claim[] = [
  {
    id: "pubsub-delivers",
    place: "Phase 2: What",
    quote: "All server instances subscribe to Redis and forward events to their local SSE clients.",
    checks: [
      figureOf(LOST, "phase2", "none", NOTHING),
      figureOf(HIT_RATIO, "phase2", "none", atMost(0.5)),
    ],
  },
  {
    id: "fallback",
    place: "Phase 2: Redis Configuration",
    quote: "If Redis is unavailable, fall back to local-only broadcasting (current behavior)",
    checks: [figureOf(UNPUBLISHED, "phase2", "redis-outage", NOTHING)],
    caveats: [
      figureOf(LOST, "phase2", "redis-outage", NOTHING),
      figureOf(LOST, "phase2-sticky", "redis-outage", NOTHING),
    ],
  },
  {
    id: "step-1",
    place: "Phase 2: Migration Path",
    quote: "Deploy Phase 1 (sticky sessions) — zero code changes",
    checks: [
      lostIn("1 sticky sessions, more instances"),
      unpublishedIn("1 sticky sessions, more instances"),
    ],
  },
  {
    id: "step-2",
    place: "Phase 2: Migration Path",
    quote: "Deploy Redis for rate limiting (Story 8) — validates Redis infrastructure",
    // No event depends on Redis yet, while it counts every request.
    checks: [overRedis("2 Redis for rate limiting", NOTHING_IN_STEP)],
    caveats: [lostIn("2 Redis for rate limiting"), unpublishedIn("2 Redis for rate limiting")],
  },
  {
    id: "step-3",
    place: "Phase 2: Migration Path",
    quote: "Deploy SSE broadcaster with `FF_REDIS_SSE_BROADCAST=false` — code ships but inactive",
    checks: [overRedis("3 broadcaster, flag off", NOTHING_IN_STEP)],
    caveats: [lostIn("3 broadcaster, flag off"), unpublishedIn("3 broadcaster, flag off")],
  },
  {
    id: "step-4",
    place: "Phase 2: Migration Path",
    quote: "Enable `FF_REDIS_SSE_BROADCAST=true` — cross-instance events flow",
    checks: [
      overRedis("4 flag on", atLeast(0.2)),
      overRedis("5 no sticky sessions", atLeast(0.75)),
    ],
    caveats: [lostIn("4 flag on"), unpublishedIn("4 flag on")],
  },
  {
    id: "step-5",
    place: "Phase 2: Migration Path",
    quote: "Remove sticky session requirement",
    checks: [lostIn("5 no sticky sessions"), unpublishedIn("5 no sticky sessions")],
  },
  {
    id: "sticky-reduces-redis",
    place: "Phase 2: Migration Path",
    quote: "keeping sticky sessions as optimization reduces Redis traffic",
    checks: [overRedis("back to 4: sticky sessions", atMost(0.75))],
  },
  {
    id: "deploys-and-faults",
    place: "Recommendation",
    quote: "**When deploying frequently or needing fault tolerance:** Phase 2 — Redis Pub/Sub.",
    checks: [ratioOf(DARK, ["phase2", "phase1"], "rolling", atMost(1))],
    caveats: [
      figureOf(KILLED, "phase2", "rolling", NOTHING),
      figureOf(KILLED, "phase2", "crash", NOTHING),
    ],
  },
  {
    id: "200-lines",
    place: "Recommendation",
    quote: "~200 lines of new code.",
    checks: [
      factOf("broadcasterLines", "lines of code of the broadcaster, by half more", atMost(300)),
    ],
    caveats: [
      factOf("redisLines", "further lines of code of the connection that it builds on", atMost(0)),
    ],
  },
];
