import { describe, expect, it } from "vitest";
import { DEFAULT_SCENARIO } from "../../scenario/default-scenario.ts";
import { checkTargetFlags, onTarget, targetPlatform, targetScenario } from "./choose-target.ts";

const target = { service: "s.yaml", target: "http://127.0.0.1:1" };

describe("--target", () => {
  it.each([
    [{ bounceCommand: "true" }, "--bounce-command: is for --target only"],
    [{ iOwnThisTarget: true as const }, "--i-own-this-target: is for --target only"],
    [{ target: target.target }, "--target: needs --service"],
    [{ skipCheck: true as const }, "--skip-check: is for --target only"],
    [{ ...target, engine: "k6" }, "--engine k6: loads topologies of the lab only"],
    [{ ...target, topologies: ["phase1"] }, "--topologies: a target has its own topology"],
    [{ ...target, bounces: ["command"] }, "--bounces command: needs --bounce-command"],
  ])("refuses flags that do not go together: %j", (flags, message) =>
    expect(() => checkTargetFlags(flags)).toThrow(message),
  );

  it("measures steady state, and the command if there is one", () => {
    expect(targetScenario(target)["bounces"]).toEqual(["none"]);
    const withCommand = { ...target, bounceCommand: "true" };
    expect(targetScenario(withCommand)["bounces"]).toEqual(["none", "command"]);
    expect(() => checkTargetFlags(withCommand)).not.toThrow();
  });

  it("is one topology, which promises nothing across its bounces", async () => {
    const scenario = onTarget(DEFAULT_SCENARIO);
    expect(scenario.topologies).toEqual(["target"]);
    const platform = await targetPlatform({ ...target, bounceSeconds: 9 }, scenario);
    expect([platform.bounceSeconds("none", 1), platform.bounceSeconds("command", 1)]).toEqual([
      0, 9,
    ]);
    await expect(targetPlatform({ ...target, bounceSeconds: "soon" }, scenario)).rejects.toThrow(
      '--bounce-seconds "soon": give a number above 0',
    );
    await expect(
      targetPlatform({ ...target, target: "https://example.com" }, scenario),
    ).rejects.toThrow("add --i-own-this-target");
  });
});
