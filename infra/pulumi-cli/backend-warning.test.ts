import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { backendWarning } from "./backend-warning.ts";

const PROJECT = resolve(import.meta.dirname, "../..");
const STATE = `file://${join(PROJECT, "infra/state")}`;

it.each([
  ["none is set", {}],
  ["it is empty", { PULUMI_BACKEND_URL: "" }],
  ["it is the project's own", { PULUMI_BACKEND_URL: STATE }],
  [
    "it is the project's own, as Pulumi.yaml gives it",
    { PULUMI_BACKEND_URL: "file://./infra/state/" },
  ],
  [
    "it is the lab's other one",
    {
      PULUMI_BACKEND_URL: "s3://bucket/lab?region=x",
      SSE_LAB_PULUMI_BACKEND: "s3://bucket/lab?region=x",
    },
  ],
  [
    "it is the lab's other folder",
    { PULUMI_BACKEND_URL: "file://~/lab", SSE_LAB_PULUMI_BACKEND: `file://${homedir()}/lab` },
  ],
])("nothing is said when %s", (_, env) => {
  expect(backendWarning(env)).toBe(undefined);
});

it.each([
  ["https://api.pulumi.com", "https://api.pulumi.com"],
  ["s3://bucket/lab?region=x&secret=hidden", "s3://bucket/lab"],
  ["postgres://user:hidden@db.internal/lab", "postgres://db.internal/lab"],
  ["file:///elsewhere", "file:///elsewhere"],
])("%s is told as another backend than the lab's, without a secret", (url, shown) => {
  const warning = backendWarning({ PULUMI_BACKEND_URL: url });
  expect(warning).toContain(`PULUMI_BACKEND_URL (${shown})`);
  expect(warning).toContain("unset PULUMI_BACKEND_URL");
  expect(warning).not.toContain("hidden");
});

it("the project's own is another one where the lab has been given one", () => {
  const env = { PULUMI_BACKEND_URL: STATE, SSE_LAB_PULUMI_BACKEND: "file:///lab" };
  expect(backendWarning(env)).toContain("the lab's own commands keep it in file:///lab");
});

it("what is no URL is not repeated", () => {
  expect(backendWarning({ PULUMI_BACKEND_URL: "hidden" })).not.toContain("hidden");
});

it.each(["/c#/lab", "/100%41/lab", "/q?x/lab"])(
  "the checkout %s is refused without PULUMI_BACKEND_URL, and fine with it",
  (root) => {
    const url = pathToFileURL(`${root}/infra/state`).href;
    expect(() => backendWarning({}, root)).toThrow(`Fix: export PULUMI_BACKEND_URL=${url} first`);
    expect(backendWarning({ PULUMI_BACKEND_URL: url }, root)).toBeUndefined();
  },
);

it("blanks and letters beyond ASCII in the checkout's path need no setting", () => {
  expect(backendWarning({}, "/a b/é/lab")).toBeUndefined();
});
