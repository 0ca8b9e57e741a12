import { execa } from "execa";
import { expect, test } from "vitest";
import { fromRoot } from "../paths.ts";

const FIXTURE = fromRoot("common/processes/fixtures/failing-service.ts");

test.each(["throws", "rejects"])("a service that %s is drained, and exits with 70", async (how) => {
  const { stdout, exitCode } = await execa("node", ["--import", "tsx", FIXTURE, how], {
    reject: false,
  });
  expect(exitCode).toBe(70);
  expect(stdout).toMatch(/"msg":"unexpected error, stopping"[^]*drained$/);
});

test("a second error ends a drain that does not end", async () => {
  const { stdout, exitCode } = await execa("node", ["--import", "tsx", FIXTURE, "throws twice"], {
    reject: false,
  });
  expect(exitCode).toBe(70);
  expect(stdout).toMatch(/exiting at once/);
});
