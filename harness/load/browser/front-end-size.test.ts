import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { measureFrontEnd, type FrontEndSize } from "./front-end-size.ts";

let folder: string;
let page: FrontEndSize;
let client: FrontEndSize;
let layer: FrontEndSize;
beforeAll(async () => {
  folder = await mkdtemp(join(import.meta.dirname, ".front-end-"));
  const clientOnly = join(folder, "client.ts");
  await writeFile(
    clientOnly,
    'import { RealtimeClient } from "@supabase/realtime-js";\nconsole.log(RealtimeClient);',
  );
  page = await measureFrontEnd();
  client = await measureFrontEnd(clientOnly);
  layer = await measureFrontEnd(join(import.meta.dirname, "../portable/realtime/session-feed.ts"));
});
afterAll(() => rm(folder, { recursive: true }));

const FIGURES = ["minifiedBytes", "gzippedBytes"] as const;

test.each(FIGURES)("a page ships realtime-js and the adaptation layer: %s", (figure) => {
  expect(page[figure]).toBeGreaterThan(client[figure]);
  expect(client[figure]).toBeGreaterThan(layer[figure]);
  expect(layer[figure]).toBeGreaterThan(0);
});

test("the layer is the small part: most of what a page ships is the official client", () => {
  const others = page.gzippedBytes - client.gzippedBytes;
  expect(others).toBeLessThan(client.gzippedBytes / 3);
});

test("the figure is compressed, and comes out the same again", async () => {
  expect(page.gzippedBytes).toBeLessThan(page.minifiedBytes);
  expect(await measureFrontEnd()).toEqual(page);
});

test("what cannot run in a browser is refused", async () => {
  await expect(
    measureFrontEnd(join(import.meta.dirname, "../native/transport/socket-transport.ts")),
  ).rejects.toThrow("node:net");
});
