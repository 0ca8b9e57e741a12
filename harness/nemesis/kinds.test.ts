import { describe, expect, it } from "vitest";
import { TOPOLOGIES } from "../../infra/topologies.ts";
import { BOUNCE_KINDS } from "../history/observation.ts";
import { KINDS_OF_BOUNCE, refusalOf } from "./kinds.ts";

const topology = (name: string) => TOPOLOGIES.find((one) => one.name === name)!;

describe("the table of bounce kinds", () => {
  it("has a row for each name, in the same order, each with another sentence", () => {
    expect(Object.keys(KINDS_OF_BOUNCE)).toEqual([...BOUNCE_KINDS]);
    const rows = Object.values(KINDS_OF_BOUNCE);
    expect(new Set(rows.map(({ does }) => does)).size).toBe(rows.length);
    expect(rows.filter(({ does }) => does.endsWith("."))).toEqual([]);
  });

  it("refuses a kind by name where its topology lacks what it disturbs", () => {
    expect(refusalOf("realtime-outage", topology("phase1"), "local")).toBe(
      "phase1 does not use Realtime",
    );
    expect(refusalOf("realtime-outage", topology("phase3"), "local")).toBeUndefined();
    expect(refusalOf("redis-pause", topology("phase2"), "local", "stopped")).toBe(
      "Redis does not run",
    );
    expect(refusalOf("crash", topology("phase2"), "local", "stopped")).toBeUndefined();
    for (const one of TOPOLOGIES) expect(refusalOf("rolling", one, "docker")).toBeUndefined();
  });
});
