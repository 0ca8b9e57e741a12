/** What the host's edge and slow clients do to streams: `request-cap`, `idle-cut`, `slow-...`. */
import { ALL, disturb, hold, type BounceContext, type CarryOut } from "../bounce-context.ts";
import type { EdgeControl } from "../edge/edge-proxy.ts";

/** Disturbs streams for a while. What `begin` returns ends it, also if the run is told to stop. */
const atEdge =
  (
    lengthOf: (context: BounceContext) => number,
    begin: (edge: EdgeControl, context: BounceContext) => () => void,
  ): CarryOut =>
  async (context) => {
    const { edge, log } = context;
    if (edge === undefined) {
      log.failed(ALL, "clients reach the router without the edge that cuts and holds streams");
      return;
    }
    await disturb(context, ALL, async () => {
      const end = begin(edge, context);
      try {
        await hold(context, lengthOf(context));
      } finally {
        end();
      }
    });
  };

export const requestCap = atEdge(
  ({ settings }) => settings.requestCapForMs,
  (edge, { settings }) => {
    edge.cap(settings.requestCapMs);
    return () => edge.cap(undefined);
  },
);

export const idleCut = atEdge(
  ({ settings }) => settings.idleCutForMs,
  (edge, { settings }) => {
    edge.cutIdle(settings.idleCutMs);
    return () => edge.cutIdle(undefined);
  },
);

export const slowSubscriber = atEdge(
  ({ settings }) => settings.slowForMs,
  (edge, { settings, seed }) => {
    const { held, release } = edge.stopReading(settings.slowShare, seed);
    if (held === 0) throw new Error("no stream was open that a client could read slowly");
    return release;
  },
);
