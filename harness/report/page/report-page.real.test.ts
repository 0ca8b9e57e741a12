/** The page in a real browser: it fetches nothing, all can read it, its figures are true. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunResult } from "../../checker/run-result.ts";
import { chromiumPath } from "../../../common/test-support/chromium.ts";
import { formatCount, formatMs } from "../format.ts";
import type { Summary } from "../summary/summary.ts";
import {
  LOSSLESS,
  makeDeploy,
  makeManifest,
  makeRun,
  makeSeries,
  makeSummary,
} from "../test-support.ts";
import { renderPage } from "./report-page.ts";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const part = {
  samples: 9000,
  p50: 1.25,
  p90: 4.5,
  p99: 12.25,
  p999: 40,
  max: 97.5,
  resolved: true,
  floorMs: 0,
};

/** A topology in steady state and under a rolling deploy; one run cannot be trusted. */
const runsOf = (topology: string, killed: number): RunResult[] => {
  const latency = { total: part, lateness: part, delivery: part };
  const bounce = { kind: "rolling", target: "server-1", open: 200, cut: 80 } as const;
  return [
    makeRun({ topology, steady: LOSSLESS, latency }),
    makeRun({
      topology,
      bounce: "rolling",
      latency,
      reasons: ["The host was busy <b>all</b> the time."],
      lostByCause: { "while-disconnected": 10 * killed, "broker-gap": 3 },
      stuckStreams: killed,
      stuck: { died: killed, terminalLost: 0, gaveUp: 0, neverStarted: 0, open: 0, untold: 0 },
      deploy: makeDeploy({
        killed,
        livedOn: { streams: 100 - killed, mean: killed / 50, deviation: 0.1 },
      }),
      bounces: [{ ...bounce, startedMs: 8000, endedMs: 9700, lost: 10, reconnects: 80 }],
    }),
    makeRun({ topology, bounce: "crash", verdict: "unknown", reasons: ["Nothing connected."] }),
  ];
};

const made = makeSummary(
  ["phase1", "a<b>&'\"c", "phase2"].flatMap((name, i) => runsOf(name, 30 * i)),
);
const summary: Summary = {
  ...made,
  scenario: { ...made.scenario, arrival: "stationary", pipelineS: 8, warmUpS: 4 },
};

const VIEWS: readonly [name: string, options: BrowserContextOptions][] = [
  ["light", { colorScheme: "light", viewport: { width: 1280, height: 800 } }],
  ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 800 } }],
  ["phone", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
];

describe.runIf(chromiumPath !== undefined)("report.html in Chromium", () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "report-page-"));
    const series = summary.runs.map((run) => makeSeries(run));
    const html = await renderPage(summary, makeManifest(summary), series);
    await writeFile(join(folder, "report.html"), html);
    // Tests may run as root, which the sandbox refuses.
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (options: BrowserContextOptions): Promise<{ page: Page; noise: string[] }> => {
    // The page's own policy would refuse the checker's script.
    const page = await browser.newPage({ ...options, bypassCSP: true });
    const noise: string[] = [];
    page.on("console", (message) => noise.push(message.text()));
    page.on("pageerror", (error) => noise.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().endsWith("/report.html")) noise.push(`fetched ${request.url()}`);
    });
    await page.goto(`file://${join(folder, "report.html")}`);
    return { page, noise };
  };

  /** What an expression over `one` gives for each element. (The project has no types of a DOM.) */
  const inAll = <T>(page: Page, selector: string, expression: string): Promise<T[]> =>
    page.evaluate<T[]>(
      `[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => ${expression})`,
    );

  it.each(VIEWS)("has no violation, no noise and no overflow: %s", async (_, options) => {
    const { page, noise } = await open(options);
    await inAll(page, "details", "one.open = true");
    expect(noise.filter((line) => !line.startsWith("fetched data:"))).toEqual([]);
    await page.addScriptTag({ path: AXE });
    const violations: string[] = await page.evaluate(
      `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => id + ": " + html.slice(0, 200) + failureSummary)))`,
    );
    expect(violations).toEqual([]);
    const { width, inner } = await page.evaluate<{ width: number; inner: number }>(
      "({ width: document.documentElement.scrollWidth, inner: window.innerWidth })",
    );
    expect(width).toBeLessThanOrEqual(inner);
    await page.close();
  });

  it("shows the answer and a chart on the first screen, in each view", async () => {
    for (const [, options] of VIEWS) {
      const { page } = await open(options);
      const answer = await page.locator("#answer-title").boundingBox();
      const chart = await page.locator("#answer .picture:visible").boundingBox();
      const height = options.viewport?.height ?? 0;
      expect(answer!.y + answer!.height).toBeLessThan(height);
      expect(chart!.y + Math.min(chart!.height, 100)).toBeLessThan(height);
      await page.close();
    }
  });

  it("is dark if the reader wants it, and light on paper", async () => {
    const { page } = await open({ colorScheme: "dark" });
    const background = (): Promise<string> =>
      page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(await background()).toBe("rgb(18, 24, 31)");
    await page.emulateMedia({ media: "print" });
    expect(await background()).toBe("rgb(255, 255, 255)");
    await page.close();
  });

  it("shows the figures of summary.json, each where it says", async () => {
    const { page } = await open({});
    const shown = await inAll<{ path: string; text: string }>(
      page,
      "[data-path]",
      "({ path: one.dataset.path, text: one.textContent })",
    );
    expect(shown.length).toBeGreaterThan(9 * summary.runs.length);
    for (const { path, text } of shown) {
      const value = path
        .split(".")
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], summary);
      if (value !== null) expect(typeof value, path).toBe("number");
      expect(
        [formatCount, formatMs].map((format) => format(value as number | null)),
        path,
      ).toContain(text);
    }
    await page.close();
  });

  it("has data behind each chart, and leads from each cell to its run, by keyboard too", async () => {
    const { page } = await open({});
    const rows = await inAll<number>(
      page,
      "figure.chart",
      "one.querySelectorAll('table tbody tr').length",
    );
    expect(rows.length).toBeGreaterThan(summary.runs.length);
    expect(rows).not.toContain(0);
    const targets = await inAll<string>(page, ".heat td a", "one.getAttribute('href')");
    expect(new Set(targets).size).toBe(summary.runs.length);
    for (const target of targets) expect(await page.locator(target).count()).toBe(1);
    await page.locator(".heat td a").nth(1).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/#run-2$/);
    await page.close();
  });
});
