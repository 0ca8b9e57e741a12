/** The live page in a real browser: it grows by itself, and is right without a script. */
import { request } from "node:http";
import { type Browser, type BrowserContextOptions, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumPath } from "../../../common/test-support/chromium.ts";
import type { LoadProgress } from "../../load/portable/load-plan.ts";
import { makeManifest, makeRun, makeSeries, makeSummary } from "../../report/test-support.ts";
import type { RunSpec } from "../../run/run-spec.ts";
import { openBrowser } from "./open-browser.ts";
import { type LivePageServer, startLivePage } from "./live-page.ts";

const PATIENCE = { timeout: 10_000, interval: 50 };

/** Planned: two runs. */
const summaryOf = (measured: number) => {
  const runs = [makeRun({ topology: "phase1" }), makeRun({ topology: "phase<2>" })];
  const { scenario } = makeSummary(runs);
  return { ...makeSummary(runs.slice(0, measured)), scenario };
};
const tell = async ({ listener }: LivePageServer, measured: number): Promise<void> => {
  const summary = summaryOf(measured);
  const series = summary.runs.map((run) => makeSeries(run));
  await listener.measured?.({ summary, manifest: makeManifest(summary), series });
};
const spec = (name: string) => ({ topology: { name }, bounce: "none", durationS: 8 }) as RunSpec;
const progress = (eventsPerSecond: number): LoadProgress => ({
  sessionsUp: 40,
  sessions: 40,
  received: 100,
  eventsPerSecond,
  overdue: 3,
  reconnects: 2,
  secondsLeft: 5,
});

const answerTo = (url: string, headers: Record<string, string> = {}, method = "GET") =>
  new Promise<{ status: number; policy: string }>((resolve, reject) => {
    request(url, { headers, method, agent: false }, (response) => {
      response.resume();
      const policy = String(response.headers["content-security-policy"] ?? "");
      resolve({ status: response.statusCode ?? 0, policy });
    })
      .once("error", reject)
      .end();
  });

describe("the server of the page", () => {
  it("answers one path that cannot be guessed, under its own name, to readers alone", async () => {
    const page = await startLivePage();
    try {
      const { origin, host, pathname } = new URL(page.url);
      expect(host).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(pathname).toMatch(/^\/[0-9a-f]{32}\/$/);
      expect(await answerTo(page.url)).toEqual({
        status: 200,
        policy: expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'$/) as string,
      });
      for (const [url, headers, method] of [
        [`${origin}/`, {}, "GET"],
        [`${origin}/${"0".repeat(32)}/`, {}, "GET"],
        [page.url, { host: "attacker.example" }, "GET"],
        [page.url, {}, "POST"],
      ] as const)
        expect((await answerTo(url, headers, method)).status).toBe(404);
    } finally {
      await page.close("over");
    }
    await expect(answerTo(page.url)).rejects.toThrow("ECONNREFUSED");
  });

  it("opens no browser without a terminal or a display", async () => {
    expect(await openBrowser("http://127.0.0.1:1/", { isTTY: false })).toBe(false);
    if (process.platform === "linux")
      expect(await openBrowser("http://127.0.0.1:1/", { isTTY: true }, {})).toBe(false);
  });
});

describe.runIf(chromiumPath !== undefined)("the live page in Chromium", () => {
  let browser: Browser;
  let page: LivePageServer;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox"] });
    page = await startLivePage();
    await tell(page, 0);
  });
  afterAll(() => browser.close());

  const open = async (options: BrowserContextOptions = {}) => {
    const tab = await browser.newPage(options);
    const noise: string[] = [];
    tab.on("console", (message) => noise.push(message.text()));
    tab.on("pageerror", (error) => noise.push(String(error)));
    tab.on("request", (asked) => {
      if (!asked.url().startsWith(page.url)) noise.push(`fetched ${asked.url()}`);
    });
    await tab.goto(page.url);
    return { tab, noise };
  };

  it("grows with the run under way, and gets each judged run", async () => {
    const { tab, noise } = await open();
    page.listener.runStarted?.(spec("phase1"), 1, 2);
    page.listener.load?.(progress(200));
    page.listener.step?.("rolling <server-1>");
    await vi.waitFor(
      async () => expect(await tab.locator("#live").textContent()).toContain("rolling <server-1>"),
      PATIENCE,
    );
    const points = async (): Promise<number> =>
      ((await tab.locator("#live polyline").first().getAttribute("points")) ?? "").split(" ")
        .length;
    expect(await tab.locator("#live h2").textContent()).toContain("1 of 2, phase1, none");
    expect(await points()).toBe(1);
    await tab.locator("#live summary").first().click();
    page.listener.load?.(progress(210));
    await vi.waitFor(async () => expect(await points()).toBe(2), PATIENCE);
    // What the reader has opened stays open.
    expect(await tab.locator("#live details[open]").count()).toBe(1);

    await tell(page, 1);
    await vi.waitFor(async () => expect(await tab.locator("#runs").count()).toBe(1), PATIENCE);
    expect(await tab.locator(".warning").first().textContent()).toContain("1 of 2 runs measured");
    expect(await tab.locator("#live polyline").count()).toBe(4);
    expect(noise.filter((line) => !line.startsWith("fetched data:"))).toEqual([]);
    await tab.close();
  });

  it("says the same without a script, and asks for itself again", async () => {
    const { tab } = await open({ javaScriptEnabled: false });
    expect(await tab.locator("#live h2").textContent()).toContain("1 of 2, phase1, none");
    expect(await tab.locator("#live polyline").count()).toBe(4);
    expect(await tab.content()).toContain('http-equiv="refresh"');
    expect(await tab.locator("footer").textContent()).not.toContain("interrupted");
    await tab.close();
  });

  it("tells open pages where the report is when it ends", async () => {
    const { tab } = await open();
    await vi.waitFor(async () => expect(await tab.locator("#live").count()).toBe(1), PATIENCE);
    await tell(page, 2);
    await tab.waitForLoadState();
    await vi.waitFor(
      async () => expect(await tab.locator("article.run").count()).toBe(2),
      PATIENCE,
    );
    await page.close("The load test is over. Its report: somewhere/report.html");
    await vi.waitFor(
      async () =>
        expect(await tab.locator("header").textContent()).toContain("somewhere/report.html"),
      PATIENCE,
    );
    await tab.close();
  });
});
