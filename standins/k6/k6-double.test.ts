import { execFileSync, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { describe, expect, it } from "vitest";

import { K6_DOUBLE, runDouble, startDouble } from "./run-double.ts";

const scenario = (settings = "") =>
  `export const options = { scenarios: { s: { executor: "per-vu-iterations", ${settings} } } };`;

interface Summary {
  metrics: Record<
    string,
    { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }
  >;
}

describe("the command of the double", () => {
  it("names itself a contract double, and the extension that it has", () => {
    const ask = (...args: string[]): string =>
      execFileSync(process.execPath, [K6_DOUBLE, "version", ...args], { encoding: "utf8" });
    expect(ask()).toBe(
      "k6-double v2.3.0 (a contract double of k6, not k6)\nExtensions:\n  " +
        "github.com/phymbert/xk6-sse v0.2.0, k6/x/sse [js]\n",
    );
    expect(JSON.parse(ask("--json"))).toEqual({
      version: "v2.3.0",
      contract_double: "k6-double",
      extensions: [
        { module: "github.com/phymbert/xk6-sse", version: "v0.2.0", imports: ["k6/x/sse"] },
      ],
    });
  });

  it.each([
    [["run", "--vus", "3", "x.js"], "unknown flag: --vus"],
    [["run", "missing.js"], "missing.js"],
  ])("refuses %j by name", (args, message) => {
    const { status, stderr } = spawnSync(process.execPath, [K6_DOUBLE, ...args], {
      encoding: "utf8",
    });
    expect(stderr).toContain(message);
    expect(status).toBe(255);
  });

  it.each([
    ["an import that it has not", 'import ws from "k6/ws"; ws.connect();', 107, '"k6/ws"'],
    ["a name that a module has not", 'import { batch } from "k6/http"; batch();', 107, "batch"],
    ["an exception while loading", 'throw new Error("no such topology");', 107, "no such topology"],
    ["an option", "export const options = { duration: '1s' };", 104, '"duration"'],
    ["a missing function", scenario('exec: "none"'), 104, "'none' not found"],
  ])("refuses %s by name", async (_what, source, exitCode, message) => {
    const result = await runDouble({ script: `${source}\nexport default function () {}` });
    expect(result.stderr).toContain(message);
    expect(result.exitCode).toBe(exitCode);
  });
});

describe("a script in the double", () => {
  it("has ECMAScript, k6's globals, and nothing of Node or a browser", async () => {
    const { consoleLines, stderr } = await runDouble({
      script: `
        const names = Object.getOwnPropertyNames(globalThis).filter((name) => !(name in Object.getOwnPropertyDescriptors(Reflect)));
        console.log(JSON.stringify(names));
        for (const read of [() => process, () => Buffer, () => URL, () => TextDecoder, () => performance, () => crypto, () => fetch, () => setImmediate, () => structuredClone, () => queueMicrotask, () => Intl]) {
          try { console.log(String(read())); } catch (error) { console.log(error instanceof ReferenceError); }
        }
        console.log(__VU, typeof __ITER, typeof open, __ENV.GIVEN);
        export default function () {
          try { open("x"); } catch (error) { console.log(__VU, __ITER, error.message); }
          console.log("text", 1, null, undefined, { a: [1] }, new Date(0));
        }`,
      env: { GIVEN: "a=b" },
    });
    expect(stderr).toBe("");
    // VU 0 reads the options; VU 1 iterates.
    const [names, ...lines] = consoleLines;
    expect(JSON.parse(names!)).toEqual(
      expect.arrayContaining(["console", "open", "__ENV", "Promise"]),
    );
    expect(lines.slice(0, 11)).toEqual(Array.from({ length: 11 }, () => "true"));
    expect(lines[11]).toBe("0 undefined function a=b");
    expect(lines.slice(-2)).toEqual([
      '1 0 The "open()" function is only available in the init stage (i.e. the global scope)',
      'text 1 null undefined {"a":[1]} "1970-01-01T00:00:00.000Z"',
    ]);
  });

  it("runs init, setup, iterations, teardown and summary with k6's data", async () => {
    const { consoleLines, summary, exitCode } = await runDouble({
      script: `
        import exec from "k6/execution";
        import { Counter, Gauge, Rate, Trend } from "k6/metrics";
        ${scenario('vus: 3, iterations: 2, tags: { topology: "phase1" }').replace("export const options = {", 'export const options = { thresholds: { seen: ["count>0"], ' + '"seen{topology:phase1}": ["count==6"], "seen{vu:2}": ["count==2"] }, ' + 'summaryTrendStats: ["max"],')}
        const [seen, level, share, time] = [new Counter("seen"), new Gauge("level"), new Rate("share"), new Trend("time", true)];
        export function setup() { return { at: exec.instance.currentTestRunDuration }; }
        export default function (data) {
          exec.vu.metrics.tags.vu = String(exec.vu.idInTest);
          seen.add(1);
          level.add(exec.vu.idInTest);
          share.add(__ITER === 0);
          time.add(5);
          const { startTime, name } = exec.scenario;
          const ordered = data.at <= exec.instance.currentTestRunDuration && Math.abs(Date.now() - startTime) < 60000;
          console.log(JSON.stringify(["iteration", exec.vu.idInTest, exec.vu.idInInstance, exec.vu.iterationInScenario, name, ordered]));
        }
        export async function teardown(data) { console.log("teardown", typeof data.at, exec.vu.idInTest); }`,
    });
    expect(exitCode).toBe(0);
    expect(consoleLines.slice(0, -1).sort()).toEqual(
      [1, 2, 3].flatMap((id) =>
        [0, 1].map((iteration) => JSON.stringify(["iteration", id, id, iteration, "s", true])),
      ),
    );
    expect(consoleLines.at(-1)).toBe("teardown number 0");
    const { metrics } = summary as Summary;
    expect(metrics).toMatchObject({
      seen: {
        type: "counter",
        contains: "default",
        values: { count: 6 },
        thresholds: { "count>0": { ok: true } },
      },
      level: { type: "gauge" },
      share: { values: { rate: 0.5, passes: 3, fails: 3 } },
      time: { type: "trend", contains: "time", values: { max: 5 } },
      iterations: { values: { count: 6 } },
    });
  });

  it("builds a SharedArray once per process, and returns frozen copies", async () => {
    const { consoleLines } = await runDouble({
      script: `
        import { SharedArray } from "k6/data";
        ${scenario("vus: 3")}
        const shared = new SharedArray("drawn", () => {
          console.log("built");
          return [{ drawn: Math.random(), deep: { a: [1] } }, 2, "ü"];
        });
        function refused(change) {
          try { change(); return false; } catch (error) { return error instanceof TypeError; }
        }
        export default function () {
          const [first] = shared;
          console.log(JSON.stringify([
            shared.length, Array.isArray(shared), shared.map(String).slice(1), shared[3] === undefined, shared[0] === shared[0], first.drawn,
            refused(() => { shared[0] = 1; }), refused(() => shared.push(1)), refused(() => { first.deep.a = 2; }), JSON.stringify(shared).length > 10,
          ]));
        }`,
    });
    expect(consoleLines.filter((line) => line === "built")).toHaveLength(1);
    const [line, ...others] = new Set(consoleLines.filter((text) => text !== "built"));
    expect(others).toEqual([]);
    expect(JSON.parse(line!)).toEqual([
      3,
      true,
      ["2", "ü"],
      true,
      false,
      expect.any(Number),
      true,
      true,
      true,
      true,
    ]);
  });

  it("ends an iteration when its promise is settled and no timer is pending", async () => {
    const { consoleLines, stderr, summary } = await runDouble({
      script: `
        ${scenario("iterations: 4")}
        export default async function () {
          console.log("start", __ITER);
          if (__ITER === 0) { setTimeout((word) => console.log(word, __ITER), 20, "late"); return; }
          if (__ITER === 1) {
            let ticks = 0;
            await new Promise((resolve) => { const id = setInterval(() => { if (++ticks === 3) { clearInterval(id); resolve(); } }, 1); });
            console.log("ticks", ticks);
            clearTimeout(setTimeout(() => console.log("never"), 5));
          }
          if (__ITER === 2) { setInterval(() => { throw new Error("in a timer"); }, 1); await new Promise(() => {}); }
          if (__ITER === 3) { Promise.reject(new Error("nobody waits")); await new Promise((resolve) => setTimeout(resolve, 10000)); }
        }`,
    });
    expect(consoleLines).toEqual(["start 0", "late 0", "start 1", "ticks 3", "start 2", "start 3"]);
    expect(stderr).toContain("in a timer");
    expect(stderr).toContain("nobody waits");
    expect((summary as Summary).metrics["iterations"]!.values["count"]).toBe(4);
  });

  it("logs an exception of an iteration and continues", async () => {
    const { exitCode, stderr, consoleLines } = await runDouble({
      script: `
        import { fail, sleep } from "k6";
        ${scenario("iterations: 2")}
        export default function () {
          sleep(0.001);
          if (__ITER === 0) fail("on purpose");
          console.log("second");
        }`,
    });
    expect(stderr).toContain("on purpose");
    expect(consoleLines).toEqual(["second"]);
    expect(exitCode).toBe(0);
  });
});

describe("the end of a run", () => {
  const failing = `
    import { Counter } from "k6/metrics";
    export const options = { thresholds: { lost: ["count==0"] } };
    const lost = new Counter("lost");
    export default function () { lost.add(1); }`;

  it("exits 99 if a threshold fails", async () => {
    const { exitCode, stderr, summary } = await runDouble({ script: failing });
    expect(exitCode).toBe(99);
    expect(stderr).toContain("'lost'");
    expect((summary as Summary).metrics["lost"]!.thresholds).toEqual({ "count==0": { ok: false } });
  });

  it("--no-thresholds skips thresholds, --no-summary skips handleSummary", async () => {
    const { exitCode, summary } = await runDouble({
      script: failing,
      flags: ["--no-thresholds", "--no-summary"],
    });
    expect(exitCode).toBe(0);
    expect(summary).toBeUndefined();
  });

  it("--no-thresholds leaves no thresholds in the summary, but the figures that they name", async () => {
    const { exitCode, summary } = await runDouble({
      script: `
        import { Counter } from "k6/metrics";
        export const options = { thresholds: { lost: ["count==0"], "lost{cause:a}": ["nonsense"] } };
        const lost = new Counter("lost");
        export default function () { lost.add(2, { cause: "a" }); }`,
      flags: ["--no-thresholds"],
    });
    expect(exitCode).toBe(0);
    const { metrics } = summary as Summary;
    expect(metrics["lost{cause:a}"]).toMatchObject({ values: { count: 2 } });
    expect(metrics["lost"]).not.toHaveProperty("thresholds");
    expect(metrics["lost{cause:a}"]).not.toHaveProperty("thresholds");
  });

  it("an exception of handleSummary is logged, and the exit code stays what it is", async () => {
    const { exitCode, stderr } = await runDouble({
      script: `export default function () {}
        export function handleSummary() { throw new Error("no state"); }`,
      flags: ["--log-format", "text"],
    });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("failed to handle the end-of-test summary");
    expect(stderr).toContain("no state");
  });

  it("handleSummary that returns nothing leaves the summary to k6", async () => {
    const { stdout } = await runDouble({
      script: "export default function () {}\nexport function handleSummary() {}",
    });
    expect(stdout).toContain("iterations");
  });

  it("exits 108 if the script aborts the test in any phase", async () => {
    const { exitCode, stderr, consoleLines } = await runDouble({
      script: `
        import exec from "k6/execution";
        import { sleep } from "k6";
        ${scenario("vus: 2")}
        export default function () {
          try {
            if (exec.vu.idInTest === 1) exec.test.abort("enough");
            sleep(60);
          } finally { console.log("finally"); }
        }
        export function teardown() { console.log("teardown"); }`,
    });
    expect(exitCode).toBe(108);
    expect(stderr).toContain("enough");
    expect(consoleLines).toEqual(["teardown"]);
  });

  it("exits 100 if setup times out and 107 if it throws", async () => {
    const slow = 'import { sleep } from "k6"; export const options = { setupTimeout: "50ms" };';
    const scripts = [
      `${slow} export function setup() { sleep(60); }`,
      'export function setup() { throw new Error("no"); }',
    ];
    const results = await Promise.all(
      scripts.map((source) => runDouble({ script: `${source} export default function () {}` })),
    );
    expect(results.map(({ exitCode }) => exitCode)).toEqual([100, 107]);
    for (const { summary } of results) expect(summary).toBeDefined();
  });

  it("exits 105 on SIGINT in setup, without teardown", async () => {
    const running = await startDouble({
      script: `
        import { sleep } from "k6";
        export function setup() { console.log("setup"); sleep(60); }
        export default function () { console.log("iteration"); }
        export function teardown() { console.log("teardown"); }`,
    });
    await running.waitForLine((line) => line === "setup");
    running.process.kill("SIGINT");
    const { exitCode, consoleLines, summary } = await running.finished;
    expect(exitCode).toBe(105);
    expect(consoleLines).toEqual(["setup"]);
    expect(summary).toBeDefined();
  });

  it("exits 105 on SIGINT: the VUs stop, teardown and summary run", async () => {
    const server = createServer((_request, response) => {
      response.write("data: x\n\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const running = await startDouble({
      script: `
        import sse from "k6/x/sse";
        import { sleep } from "k6";
        ${scenario("vus: 3")}
        export default function () {
          if (__VU === 2) { console.log("waiting"); sleep(60); }
          if (__VU === 3) { console.log("waiting"); for (;;); }
          sse.open(__ENV.URL, (client) => {
            client.on("event", () => console.log("waiting"));
            client.on("error", () => console.log("error"));
          });
          console.log("returned");
        }
        export function teardown() { console.log("teardown"); }`,
      env: { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    });
    await running.waitForLine(() => running.consoleLines().length === 3);
    running.process.kill("SIGINT");
    const { exitCode, consoleLines, summary } = await running.finished;
    server.close();
    expect(exitCode).toBe(105);
    expect(consoleLines).toEqual(["waiting", "waiting", "waiting", "teardown"]);
    expect(Object.keys((summary as Summary).metrics)).toContain("sse_event");
  });
});

describe("load of the double", () => {
  it("splits the VUs between several processes", async () => {
    const script = `
      import exec from "k6/execution";
      ${scenario("vus: 5")}
      export default function () { console.log(exec.vu.idInTest, exec.vu.idInInstance); }`;
    const segment = (part: string) => [
      "--execution-segment",
      part,
      "--execution-segment-sequence",
      "0,1/2,1",
    ];
    const results = await Promise.all(
      ["0:1/2", "1/2:1"].map((part) => runDouble({ script, flags: segment(part) })),
    );
    expect(results.map(({ consoleLines }) => consoleLines.sort())).toEqual([
      ["1 1", "3 2", "5 3"],
      ["2 1", "4 2"],
    ]);
  });

  it("follows 40 streams in 40 VUs at the same time", async () => {
    let open = 0;
    const server = createServer((_request, response) => {
      response.write("data: x\n\n");
      server.once("all", () => response.end("data: y\n\n"));
      if (++open === 40) server.emit("all");
    }).setMaxListeners(50);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { exitCode, summary } = await runDouble({
      script: `
        import sse from "k6/x/sse";
        ${scenario("vus: 40")}
        export default function () { sse.open(__ENV.URL, (client) => client.on("event", () => undefined)); }`,
      env: { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    });
    server.close();
    expect(exitCode).toBe(0);
    expect((summary as Summary).metrics["sse_event"]!.values["count"]).toBe(80);
    expect((summary as Summary).metrics["iterations"]!.values["count"]).toBe(40);
  });
});
