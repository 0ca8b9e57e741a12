import { createServer } from "node:net";
import { expect, test } from "vitest";
import { ABOVE_HIGHEST, freePort, LOWEST } from "./free-port.ts";

test("ports are free on 127.0.0.1, different, and outside the range of outgoing connections", async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(LOWEST);
    expect(port).toBeLessThan(ABOVE_HIGHEST);
    await new Promise<void>((resolve, reject) => {
      const server = createServer().once("error", reject);
      server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
    });
  }
});

test("no port of the range is one that fetch refuses", async () => {
  // One request per port would take minutes: the two ends, and the blocked port that lies nearest to them.
  const refusal = async (port: number): Promise<unknown> => {
    const error: unknown = await fetch(`http://127.0.0.1:${port}`).catch((reason: unknown) => reason);
    return error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
  };
  expect(await refusal(10_080)).toBe("bad port");
  expect(LOWEST).toBeGreaterThan(10_080);
  for (const port of [LOWEST, ABOVE_HIGHEST - 1]) expect(await refusal(port)).not.toBe("bad port");
});
