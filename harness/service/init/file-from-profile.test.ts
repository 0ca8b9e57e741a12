import { expect, test } from "vitest";
import { parse } from "yaml";
import { PROFILES } from "../profiles/profiles.ts";
import { fileFromProfile, profileAnswers } from "./file-from-profile.ts";

test.each(PROFILES)(
  "a file from the profile %s keeps its comments and is a service file",
  async (profile) => {
    const text = await fileFromProfile("new.yaml", profile, { name: "mine" });
    expect(text).toMatch(/^# .*\n/);
    expect(parse(text)).toMatchObject({ name: "mine" });
  },
);

test("answers stand where the profile has them, or where it has none", async () => {
  const text = await fileFromProfile("new.yaml", "openai", {
    command: "npm start",
    stream: "POST /chat",
    terminal: "done",
  });
  expect(parse(text)).toMatchObject({
    run: { command: "npm start", ready: "/" },
    stream: { request: "POST /chat" },
    events: { terminal: ["done"] },
  });
});

test("an answer that is not possible is refused with its key", async () => {
  await expect(fileFromProfile("new.yaml", "numbered", { stream: "/jobs" })).rejects.toThrow(
    /new\.yaml:\d+:3: stream\.request: is "\/jobs"; give a method and a path/,
  );
});

test("a profile's own answers are offered", async () => {
  expect(await profileAnswers("numbered")).toMatchObject({
    session: "POST /jobs",
    stream: "GET /jobs/${session.id}/events",
    terminal: "done",
  });
  expect(await profileAnswers("openai")).toMatchObject({ session: "", start: "" });
});
