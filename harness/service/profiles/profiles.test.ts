import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { fromRoot } from "../../../common/paths.ts";
import { readText } from "../../../common/files/read-text.ts";
import { startServer } from "../../load/test-support/start-server.ts";
import { tryService } from "../check/try-service.ts";
import { describeProblem } from "../problem.ts";
import { readServiceFile } from "../read-service-file.ts";
import { profilePath, type ProfileName } from "./profiles.ts";

const SECRETS = { OPENAI_API_KEY: "key", MERCURE_SUBSCRIBER_JWT: "jwt" };

const tryProfile = async (name: ProfileName, url: string, events: number) => {
  const service = await readServiceFile(profilePath(name), SECRETS);
  const steps: string[] = [];
  const problem = await tryService(service, {
    url,
    events,
    patienceMs: 5_000,
    onStep: (step, what) => steps.push(`${step}: ${what}`),
  });
  return { steps, line: problem && describeProblem(service.source, problem) };
};

interface Served {
  url: string;
  seen: string[];
  close: () => Promise<void>;
}

/** Streams a fixture: at once, or once another request has come. */
const serve = async (name: ProfileName, waits: boolean): Promise<Served> => {
  const text = await readText(fromRoot(`harness/service/profiles/fixtures/${name}.txt`));
  const seen: string[] = [];
  let open: ServerResponse | undefined;
  const server = createServer((request, response) => {
    const { method = "", url = "" } = request;
    seen.push(`${method} ${url.replace(/[0-9a-f-]{36}/, "ID")}`);
    const isStream = /completions|api\/chat|mercure|events/.test(url);
    if (isStream) {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      if (waits) open = response;
      else response.end(text);
      return;
    }
    response.writeHead(200, { "content-type": "application/json" }).end('{"id":"j1"}');
    open?.write(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

test.each<[ProfileName, boolean, string[], string]>([
  ["openai", false, ["POST /v1/chat/completions"], "events: 5 followed; seen: message (5)"],
  ["vercel-ai", false, ["POST /api/chat"], "events: 9 followed; seen: message (9)"],
  [
    "mercure",
    true,
    ["GET /.well-known/mercure?match=jobs%2FID", "POST /jobs/ID"],
    "events: 3 followed, the last with number 3 of its run; seen: message (3)",
  ],
  [
    "numbered",
    true,
    ["POST /jobs", "GET /jobs/j1/events", "POST /jobs/j1/start"],
    "events: 3 followed, the last with number 3 of its run; seen: message (2), done (1)",
  ],
])("the profile %s fits the documented wire format", async (name, waits, requests, last) => {
  const served = await serve(name, waits);
  try {
    const { steps, line } = await tryProfile(name, served.url, 3);
    expect(line).toBeUndefined();
    expect(steps.at(-1)).toBe(last);
    expect(served.seen).toEqual(requests);
  } finally {
    await served.close();
  }
});

test("the profile lab fits the lab's own server", async () => {
  const server = await startServer();
  try {
    const { steps, line } = await tryProfile("lab", server.url, 8);
    expect(line).toBeUndefined();
    expect(steps.at(-1)).toMatch(/^events: 8 followed, the last with number 8 of its run/);
  } finally {
    await server.stop();
  }
});
