/** The strategy's migration on a real service, quickly: two instances, each killed at once. */
import { expect, it } from "vitest";
import { migrationScenario } from "../cli/actions/migrate.ts";
import { MIGRATION } from "../nemesis/migration-steps.ts";
import { localPlatform } from "../platform/local/local-platform.ts";
import { compareScenario, expectVerdict } from "./test-support/test-comparison.ts";

it("walks every step and back: the flag moves events to Redis, the router's changes lose nothing", async (context) => {
  const asked = { sessions: 30, pipeline: 4, replicas: 2, grace: 0 };
  const scenario = {
    ...(await migrationScenario(asked, localPlatform)),
    warmUp: 2,
    ramp: 1,
    duration: 62,
  };
  await using comparison = await compareScenario(scenario);
  const run = comparison.run("migration", "migration");
  const steps = run.steps ?? [];
  expect(steps.map(({ name }) => name)).toEqual(["0 before", ...MIGRATION.map(({ name }) => name)]);
  expect(steps.reduce((sum, { due }) => sum + due, 0)).toBeLessThanOrEqual(run.due);
  // Pipelines that began before the flag was on end in the step that turns it on.
  const share = steps.map(({ published, overBroker }) => overBroker / published);
  expect(share.slice(1, 4)).toEqual([0, 0, 0]);
  expect(share.slice(5, 7)).toEqual([1, 1]);
  expect(share.slice(8)).toEqual([0, 0, 0]);
  for (const { router, name, allowedCauses } of MIGRATION)
    if (router !== undefined && allowedCauses.length === 0)
      expect(steps.find((step) => step.name === name)).toMatchObject({ lost: 0, cut: 0 });
  expectVerdict(context, "valid", run);
}, 180_000);
