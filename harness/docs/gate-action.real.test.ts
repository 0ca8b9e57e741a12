/** What a user's repository calls: the steps run here as commands, GitHub's API is stood in for. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import which from "which";
import { fromRoot } from "../../common/paths.ts";

const ACTION = fromRoot(".github/actions/gate");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gate-action-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Comment {
  id: number;
  body: string;
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return (JSON.parse(text) as { body: string }).body;
};

/** GitHub's three calls on the comments of pull request 7. */
async function standInForGitHub(comments: Comment[], mayWrite = true) {
  const server = createServer((request, response) => {
    const answer = (status: number, content: unknown): void =>
      void response.writeHead(status).end(JSON.stringify(content));
    void (async () => {
      const { method, url = "" } = request;
      const { pathname, searchParams } = new URL(url, "http://localhost");
      if (method === "GET" && pathname === "/repos/me/mine/issues/7/comments") {
        const [size, page] = [
          Number(searchParams.get("per_page")),
          Number(searchParams.get("page")),
        ];
        answer(200, comments.slice((page - 1) * size, page * size));
      } else if (!mayWrite) {
        answer(403, { message: "Resource not accessible by integration" });
      } else if (method === "POST" && pathname === "/repos/me/mine/issues/7/comments") {
        comments.push({ id: comments.length + 1, body: await bodyOf(request) });
        answer(201, {});
      } else {
        const id = Number(/^\/repos\/me\/mine\/issues\/comments\/(\d+)$/.exec(pathname)?.[1]);
        const found = method === "PATCH" && comments.find((comment) => comment.id === id);
        if (found) found.body = await bodyOf(request);
        answer(found ? 200 : 404, {});
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => void server.close() };
}

describe("the comment", () => {
  const publish = async (url: string, text: string) => {
    const file = join(folder, "gate.md");
    await writeFile(file, text);
    return execa("node", [fromRoot("harness/cli/publish-comment.mjs"), file], {
      reject: false,
      env: {
        GITHUB_API_URL: url,
        GITHUB_REPOSITORY: "me/mine",
        PULL_REQUEST: "7",
        GH_TOKEN: "token",
      },
    });
  };
  const MARKER = "<!-- sse-lab gate -->";

  it("is one, written once and then updated, however many others there are", async () => {
    const others = Array.from({ length: 130 }, (_, index) => ({
      id: index + 1,
      body: `looks good, ${MARKER} or not`,
    }));
    const comments = [...others];
    using github = await standInForGitHub(comments);
    expect((await publish(github.url, `${MARKER}\nfirst`)).stdout).toBe("comment written");
    expect((await publish(github.url, `${MARKER}\nsecond`)).stdout).toBe("comment updated");
    expect(comments.slice(130)).toEqual([{ id: 131, body: `${MARKER}\nsecond` }]);
  });

  it("is left out with a token that may only read, which fails nothing", async () => {
    const comments: Comment[] = [];
    using github = await standInForGitHub(comments, false);
    const { stdout, exitCode } = await publish(github.url, `${MARKER}\nfirst`);
    expect({ exitCode, comments }).toEqual({ exitCode: 0, comments: [] });
    expect(stdout).toMatch(/^::notice::No comment, see the job summary: POST .* 403 Resource/);
  });

  it("fails if GitHub does not answer", async () => {
    const { exitCode, stderr } = await publish("http://127.0.0.1:9", `${MARKER}\nfirst`);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/ECONNREFUSED|fetch failed/);
  });
});

describe("the measuring step", () => {
  const LOAD =
    "--platform local --topologies phase0 --bounces none --sessions 5 --rate 2 --duration 4 " +
    "--pipeline 2 --ramp 1 --warm-up 1";

  it("measures base and change, judges them, and tells job summary, output and exit code", async () => {
    const strict = join(folder, "limits.yaml");
    await writeFile(strict, '"*": { none: { p50: 0.000001 } }');
    const env = {
      ARGS: LOAD,
      BASE_ARGS: LOAD,
      THRESHOLDS: strict,
      OUT: join(folder, "out"),
      GITHUB_OUTPUT: join(folder, "output"),
      GITHUB_STEP_SUMMARY: join(folder, "summary"),
    };
    const { exitCode, all } = await execa(join(ACTION, "measure.sh"), {
      env,
      all: true,
      reject: false,
    });
    const comment = await readFile(join(folder, "out/gate.md"), "utf8");
    expect(comment, all).toMatch(/^<!-- sse-lab gate -->\n\n### (❌|❔) SSE scaling lab: /);
    expect(comment).toContain("**Compared with the base:**");
    expect(await readFile(join(folder, "summary"), "utf8")).toBe(comment);
    const result = await readFile(join(folder, "output"), "utf8");
    expect(result).toMatch(/^result=(failed|not judged)\n$/);
    expect(exitCode).toBe(result.includes("failed") ? 1 : 2);
    for (const side of ["base", "head"])
      for (const file of ["report.html", "summary.json", "junit.xml"])
        expect(existsSync(join(folder, "out", side, file)), `${side}/${file}`).toBe(true);
  });

  it("fails with bad input, and tells no result", async () => {
    const env = { ARGS: "--sessions none", OUT: folder, GITHUB_OUTPUT: join(folder, "output") };
    const { exitCode, stderr } = await execa(join(ACTION, "measure.sh"), { env, reject: false });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--sessions");
    expect(existsSync(join(folder, "output"))).toBe(false);
  });
});

/** actionlint, or what runs it: the Go module. */
const LINT = which.sync("actionlint", { nothrow: true })
  ? ["actionlint"]
  : which.sync("go", { nothrow: true })
    ? ["go", "run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"]
    : undefined;

it.runIf(LINT !== undefined)(
  "actionlint finds nothing in the workflows",
  { timeout: 280_000 },
  () => {
    const [program = "", ...args] = LINT ?? [];
    const workflows = ["ci.yml", "gate.yml"].map((name) => fromRoot(".github/workflows", name));
    const run = (): string =>
      execFileSync(program, [...args, ...workflows], { encoding: "utf8", stdio: "pipe" });
    expect(run()).toBe("");
  },
);
