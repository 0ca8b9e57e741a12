import { PassThrough } from "node:stream";
import { afterEach, expect, it, vi } from "vitest";
import pc from "picocolors";
import { DEFAULT_SCENARIO } from "../../scenario/default-scenario.ts";
import type { RunSpec } from "../../run/run-spec.ts";
import { createLiveDisplay } from "./live-display.ts";

afterEach(() => vi.unstubAllEnvs());

const shownOn = (term: string): string => {
  vi.stubEnv("TERM", term);
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  const display = createLiveDisplay(
    DEFAULT_SCENARIO,
    pc.createColors(false),
    terminal as unknown as NodeJS.WriteStream,
  );
  const spec = { topology: { name: "phase1" }, bounce: "none", repeat: 1, durationS: 9 };
  display.runStarted?.(spec as RunSpec, 1, 2);
  display.step?.("waiting for server-2 to be ready");
  display.close();
  return String(terminal.read());
};

it("moves the cursor on a terminal that can", () => {
  expect(shownOn("xterm")).toContain("\u001b[");
});

it("writes plain lines on a dumb terminal", () => {
  const shown = shownOn("dumb");
  expect(shown).toContain("phase1");
  expect(shown).not.toContain("\u001b");
});
