import { expect, it } from "vitest";
import { topologyNamed } from "../stack/record-args.ts";
import type { PreparedImage } from "./prepared-image.ts";
import { stackImages } from "./stack-images.ts";

const image = (id: string): PreparedImage => ({ id, version: "1", source: "assembled", how: "so" });
const common = { server: image("s"), traefik: image("t"), haproxy: image("h") };

it.each([
  ["phase1", {}, { server: "s", router: "t" }],
  ["phase1-header", {}, { server: "s", router: "h" }],
  ["phase2", { valkey: image("v") }, { server: "s", router: "t", broker: "v" }],
  [
    "phase3",
    { "realtime-standin": image("r") },
    { server: "s", router: "t", realtimeStandin: "r" },
  ],
  [
    "phase3",
    { realtime: image("r"), postgres: image("p"), valkey: image("v") },
    { server: "s", router: "t", broker: "v", realtime: "r", postgres: "p" },
  ],
])("picks what a stack of %s starts", (name, more, expected) => {
  expect(stackImages(topologyNamed(name), { ...common, ...more })).toEqual(expected);
});

it("names the image that is missing", () => {
  expect(() => stackImages(topologyNamed("phase2"), { server: image("s") })).toThrow(
    "no traefik image was prepared for phase2",
  );
});
