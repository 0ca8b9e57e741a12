import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { backendFolder, backendUrl, passphrase, STATE_FOLDER } from "./pulumi-backend.ts";

test("a file backend is absolute: Pulumi runs in another folder than this process", () => {
  expect(backendFolder({})).toBe(`${STATE_FOLDER}/.pulumi`);
  expect(backendFolder({ SSE_LAB_PULUMI_BACKEND: "file:///srv/state" })).toBe("/srv/state/.pulumi");
  expect(backendFolder({ SSE_LAB_PULUMI_BACKEND: "s3://bucket" })).toBeUndefined();
  for (const url of ["file://state", "file://./state", "file://~", "file://~/state"]) {
    expect(() => backendUrl({ SSE_LAB_PULUMI_BACKEND: url })).toThrow(
      `SSE_LAB_PULUMI_BACKEND=${url} is not an absolute path. Fix: give it as file:///`,
    );
  }
});

test("Pulumi and the lab read the URL of a folder alike", () => {
  const folderOf = (url: string) => backendFolder({ SSE_LAB_PULUMI_BACKEND: url });
  for (const folder of ["/srv/a b", "/srv/c#", "/srv/100%25", "/srv/q?x", "/srv/é'\""]) {
    expect(folderOf(pathToFileURL(folder).href)).toBe(`${folder}/.pulumi`);
  }
  expect(folderOf("file:///srv/a b?no_tmp_dir=true")).toBe("/srv/a b/.pulumi");
  expect(backendUrl({})).toBe(pathToFileURL(STATE_FOLDER).href);
  for (const url of ["file:///srv/c#", "file:///srv/100%", "file:///srv/%zz"]) {
    expect(() => backendUrl({ SSE_LAB_PULUMI_BACKEND: url })).toThrow(
      `${url} holds a # or % that is not encoded. Fix: write %23 for # and %25 for %`,
    );
  }
});

test("a passphrase of the user's other projects counts for a backend of their own only", () => {
  const user = { PULUMI_CONFIG_PASSPHRASE: "theirs" };
  const backend = { SSE_LAB_PULUMI_BACKEND: "s3://bucket" };
  expect(passphrase({})).toEqual({ PULUMI_CONFIG_PASSPHRASE: "" });
  expect(passphrase(user)).toEqual({ PULUMI_CONFIG_PASSPHRASE: "" });
  expect(passphrase({ PULUMI_CONFIG_PASSPHRASE_FILE: "/theirs" })).toEqual({
    PULUMI_CONFIG_PASSPHRASE: "",
  });
  expect(passphrase({ ...user, SSE_LAB_PULUMI_PASSPHRASE: "ours" })).toEqual({
    PULUMI_CONFIG_PASSPHRASE: "ours",
  });
  expect(passphrase(backend)).toEqual({ PULUMI_CONFIG_PASSPHRASE: "" });
  expect(passphrase({ ...backend, ...user })).toEqual({});
  expect(passphrase({ ...backend, PULUMI_CONFIG_PASSPHRASE_FILE: "/theirs" })).toEqual({});
});
