/** What the host's edge and slow clients do to streams: `request-cap`, `idle-cut`, `slow-...`. */
import { ALL, disturb, hold, msOf, type BounceContext, type CarryOut } from "../bounce-context.ts";
import { settingOf } from "../bounce-settings.ts";
import type { BounceKind } from "../../history/observation.ts";
import type { EdgeControl } from "../edge/edge-proxy.ts";

/** Disturbs streams for a while. What `begin` returns ends it, also if the run is told to stop. */
const atEdge =
  (kind: BounceKind, begin: (edge: EdgeControl, context: BounceContext) => () => void): CarryOut =>
  async (context) => {
    const { edge, log } = context;
    if (edge === undefined) {
      log.failed(ALL, "clients reach the router without the edge that cuts and holds streams");
      return;
    }
    await disturb(context, ALL, async () => {
      const end = begin(edge, context);
      try {
        await hold(context, msOf(context, kind));
      } finally {
        end();
      }
    });
  };

export const requestCap = atEdge("request-cap", (edge, context) => {
  edge.cap(msOf(context, "request-cap", "after"));
  return () => edge.cap(undefined);
});

export const idleCut = atEdge("idle-cut", (edge, context) => {
  edge.cutIdle(msOf(context, "idle-cut", "after"));
  return () => edge.cutIdle(undefined);
});

export const slowSubscriber = atEdge("slow-subscriber", (edge, { settings, seed }) => {
  const share = settingOf(settings.bounces, "slow-subscriber", "share");
  const { held, release } = edge.stopReading(share, seed);
  if (held === 0) throw new Error("no stream was open that a client could read slowly");
  return release;
});
