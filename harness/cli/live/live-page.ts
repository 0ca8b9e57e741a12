/** `loadtest --open`: the report as a page that grows while the runs are measured. */
import { randomBytes } from "node:crypto";
import type { RunSeries } from "../../checker/run-series.ts";
import type { LoadProgress } from "../../load/portable/load-plan.ts";
import { Html } from "../../report/page/html.ts";
import { liveSection, type LivePoint, type LiveRun } from "../../report/page/live-section.ts";
import { livePolicy } from "../../report/page/live-script.ts";
import { renderPage, POLICY } from "../../report/page/report-page.ts";
import type { Manifest } from "../../report/summary/manifest.ts";
import type { Summary } from "../../report/summary/summary.ts";
import type { ComparisonListener } from "../../run/run-comparison.ts";
import { startLiveServer, type ServedPage } from "./live-server.ts";

export interface LivePageServer {
  url: string;
  listener: ComparisonListener;
  /** @param last what open pages say from now on */
  close(last: string): Promise<void>;
}

interface Made {
  summary: Summary;
  manifest: Manifest;
  series: readonly RunSeries[];
}

/** Marks where the section of the run under way stands in a page that was drawn before. */
const PLACE = "<!--live-->";

export async function startLivePage(): Promise<LivePageServer> {
  const nonce = randomBytes(16).toString("base64");
  let run: LiveRun = { title: "starting", step: "", points: [], lengthS: 0, steps: [] };
  let drawn = "<!doctype html><title>SSE scaling lab</title><p>Starting.</p>";
  const served = (): ServedPage => ({
    markup: drawn.replace(PLACE, () => liveSection(run).markup),
    policy: `${POLICY}; ${livePolicy(nonce)}`,
  });
  const server = await startLiveServer(served);
  let beganMs = 0;
  const change = (changed: Partial<LiveRun>): void => {
    run = { ...run, ...changed };
    server.send("live", liveSection(run).markup);
  };
  const begin = (title: string, lengthS: number): void => {
    beganMs = 0;
    change({ title, step: "", points: [], lengthS, steps: [] });
  };
  const secondsNow = (): number => (beganMs === 0 ? 0 : (performance.now() - beganMs) / 1000);
  const draw = async ({ summary, manifest, series }: Made): Promise<void> => {
    const live = { section: new Html(PLACE), nonce, feed: server.feed };
    drawn = await renderPage(summary, manifest, series, live);
    server.send("page", summary.runs.length);
  };
  const listener: ComparisonListener = {
    discardedStarted: ({ topology, durationS }) =>
      begin(`${topology.name}, a short run that is discarded`, durationS),
    runStarted: ({ topology, bounce, durationS }, number, of) =>
      begin(`${number} of ${of}, ${topology.name}, ${bounce}`, durationS),
    step: (step) => {
      const steps = beganMs === 0 ? run.steps : [...run.steps, { atS: secondsNow(), text: step }];
      change({ step, steps });
    },
    load: (progress) => {
      if (beganMs === 0) beganMs = performance.now();
      change({ points: [...run.points, pointOf(progress, secondsNow())] });
    },
    measured: draw,
  };
  return {
    url: server.url,
    listener,
    close: async (last) => {
      server.send("end", last);
      await server.close();
    },
  };
}

const pointOf = (
  { sessionsUp, eventsPerSecond, overdue, reconnects }: LoadProgress,
  atS: number,
): LivePoint => ({ atS, eventsPerSecond, streams: sessionsUp, overdue, reconnects });
