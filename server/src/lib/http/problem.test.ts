import express from "express";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { listen, type HttpListener } from "./http-listener.ts";
import { problemHandler } from "./problem.ts";

let listener: HttpListener | undefined;
afterEach(async () => listener?.close());

test("keeps what went wrong inside in the log, away from the client", async () => {
  const lines: string[] = [];
  const logger = pino({ level: "error" }, { write: (line) => void lines.push(line) });
  const app = express();
  app.get("/broken", () => {
    throw new Error("password of the database is hunter2");
  });
  app.use(problemHandler(logger));
  listener = await listen(app, { port: 0, host: "127.0.0.1" });

  const response = await fetch(`http://127.0.0.1:${listener.port}/broken?token=secret`);
  expect(response.status).toBe(500);
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  const body = await response.text();
  expect(body).not.toContain("hunter2");
  expect(body).not.toContain("at ");
  expect(lines.join("")).toContain("hunter2");
  expect(lines.join("")).not.toContain("token=secret");
});
