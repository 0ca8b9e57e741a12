import { createServer } from "node:net";
import { expect, test } from "vitest";
import { ABOVE_HIGHEST_PORT, freePort, LOWEST_PORT } from "./free-port.ts";

test("ports are free on 127.0.0.1, different, and outside the range of outgoing connections", async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(LOWEST_PORT);
    expect(port).toBeLessThan(ABOVE_HIGHEST_PORT);
    await new Promise<void>((resolve, reject) => {
      const server = createServer().once("error", reject);
      server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
    });
  }
});

test("no port of the range is one that fetch refuses", async () => {
  // One request per port would take minutes: the two ends, and the blocked port that lies nearest
  // to them.
  const refusal = async (port: number): Promise<unknown> => {
    const error: unknown = await fetch(`http://127.0.0.1:${port}`).catch(
      (reason: unknown) => reason,
    );
    return error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
  };
  expect(await refusal(10_080)).toBe("bad port");
  expect(LOWEST_PORT).toBeGreaterThan(10_080);
  for (const port of [LOWEST_PORT, ABOVE_HIGHEST_PORT - 1])
    expect(await refusal(port)).not.toBe("bad port");
});
