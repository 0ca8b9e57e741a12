import { expect, test } from "vitest";
import { isFromHere, released, thisOwner } from "./owner.ts";

const here = thisOwner();
const [boot = "", ticks = "", namespace = ""] = here.startTime.split(":");
const otherBoot = `${"0".repeat(8)}${boot.slice(8)}`;

test.runIf(process.platform === "linux").each([
  ["of this host", here, true],
  ["that released what it had", released(here), true],
  ["on this host under an earlier name", { ...here, host: "before" }, true],
  ["that an earlier version wrote down", { ...here, startTime: `${boot}:${ticks}` }, true],
  ["in a container that shares the host's name", { ...here, startTime: `${boot}:7:1` }, false],
  ["of this host before it was restarted", { ...here, startTime: `${otherBoot}:7:1` }, true],
  ["of another host", { host: "x", pid: 2, startTime: `${otherBoot}:7:${namespace}` }, false],
  ["of another system", { host: "x", pid: 2, startTime: "Tue Nov 24 01:26:31 2026" }, false],
])("an owner %s is judged by boot and pid namespace, not by name", (_, owner, expected) => {
  expect(isFromHere(owner)).toBe(expected);
});
