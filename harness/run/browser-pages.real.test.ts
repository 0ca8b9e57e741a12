/**
 * Twenty pages of a real browser with a plain EventSource, through a rolling deploy and a crash.
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { chromiumPath } from "../../common/test-support/chromium.ts";
import { streamSettings } from "../../infra/stack/server-settings.ts";
import {
  PIPELINE_EVENT_TYPES,
  REPLAY_GAP_EVENT,
  WORKFLOW_EVENT_TYPES,
} from "../../server/src/contract/events.ts";
import type { LocalDeployment } from "../platform/local/local-deployment.ts";
import { createTestLab, type TestLab } from "../platform/local/test-support/test-lab.ts";

const PAGES = 20;
const PLAN = { events: 440, eventsPerSecond: 20, gates: 0, payloadBytes: 20, seed: 1 };

/** What a page has seen, by the ids of its events. */
interface Seen {
  /** In the order of arrival. */
  ids: string[];
  last: string;
  opened: number;
  gaps: number;
  /** The EventSource has given up. */
  closed: boolean;
}

let lab: TestLab;
let browser: Browser;
beforeEach(async () => {
  lab = createTestLab();
  browser = await chromium.launch({
    executablePath: chromiumPath ?? "",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
});
afterEach(async () => {
  await browser.close();
  await lab.close();
});

const GIVEN = {
  plan: PLAN,
  types: [...PIPELINE_EVENT_TYPES, ...WORKFLOW_EVENT_TYPES],
  gap: REPLAY_GAP_EVENT,
};

/** What the page does: it opens the stream with an EventSource, and starts a pipeline. */
const SCRIPT = `(async ({ plan, types, gap }) => {
  const post = (path, body, token = "") =>
    fetch("/api/sessions" + path, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer " + token },
      body: JSON.stringify(body),
    });
  const { sessionId, token } = await (await post("", {})).json();
  const source = new EventSource("/api/sessions/" + sessionId + "/events?token=" + token);
  window.source = source;
  const seen = (window.seen = { ids: [], last: "", opened: 0, gaps: 0, closed: false });
  source.addEventListener("open", () => (seen.opened += 1));
  source.addEventListener(gap, () => (seen.gaps += 1));
  source.addEventListener("error", () => (seen.closed = source.readyState === 2));
  for (const type of types)
    source.addEventListener(type, ({ lastEventId }) => {
      seen.ids.push(lastEventId);
      seen.last = type;
      if (type === "pipeline_complete") source.close();
    });
  await new Promise((resolve) => source.addEventListener("connected", resolve, { once: true }));
  const answer = await post("/" + sessionId + "/pipeline", plan, token);
  if (!answer.ok) throw new Error("the pipeline was refused: " + answer.status);
})(${JSON.stringify(GIVEN)})`;

async function openPage({ url }: LocalDeployment): Promise<Page> {
  // A browser opens six connections to one host for all pages of a context.
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${url}/healthz`);
  await page.evaluate(SCRIPT);
  return page;
}

const seenBy = (page: Page): Promise<Seen> => page.evaluate<Seen>("window.seen");

const isOnItsWay = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>("window.source.readyState === EventSource.CONNECTING");

it.skipIf(chromiumPath === undefined)(
  "lose nothing of phase2-durable: each sees its last event, nothing missing, nothing twice",
  async () => {
    // A retry above the router's health checks, so that no page meets the instance that crashed:
    // an EventSource gives up at the first 502.
    // A draining instance refuses streams, so the router of a busy host gets time to notice it.
    const serverSettings = {
      ...streamSettings({ retryMs: 3_000, heartbeat: 15, leaseMs: 2000 }),
      DRAIN_NOTICE_MS: "3000",
    };
    const deployment = await lab.up("phase2-durable", { serverSettings });
    const pages = await Promise.all(Array.from({ length: PAGES }, () => openPage(deployment)));
    await deployment.control.deploy({ strategy: "rolling", graceMs: 10_000 });
    // A page that is on its way back would meet the crash with a request, not with a stream.
    await vi.waitFor(
      async () => expect(await Promise.all(pages.map(isOnItsWay))).not.toContain(true),
      {
        timeout: 30_000,
        interval: 50,
      },
    );
    await deployment.control.kill("server-1");
    await deployment.control.start("server-1");
    let all: Seen[] = [];
    await vi.waitFor(
      async () => {
        all = await Promise.all(pages.map(seenBy));
        const unfinished = all.filter(({ last }) => last !== "pipeline_complete");
        expect(unfinished.map(({ ids, ...page }) => ({ ...page, events: ids.length }))).toEqual([]);
      },
      { timeout: 60_000, interval: 250 },
    );
    const expected = Array.from({ length: PLAN.events }, (_, index) => index + 1);
    for (const { ids, gaps, closed } of all) {
      expect(ids.map((id) => Number(id.split("-")[1]))).toEqual(expected);
      expect({ gaps, closed }).toEqual({ gaps: 0, closed: false });
    }
    // They met the deploy: every page lost its stream at least once.
    expect(Math.min(...all.map(({ opened }) => opened))).toBeGreaterThan(1);
  },
  180_000,
);
