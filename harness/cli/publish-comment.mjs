// Keeps one comment of a pull request up to date: that with the marker in its first line.
// Usage: node publish-comment.mjs FILE, with GITHUB_API_URL, GITHUB_REPOSITORY, PULL_REQUEST and
// GH_TOKEN. A token that may not write, as of a fork, is no failure: the job summary says the same.
/* global console, fetch */
import { readFileSync } from "node:fs";

const { GITHUB_API_URL, GITHUB_REPOSITORY, PULL_REQUEST, GH_TOKEN } = process.env;
const body = readFileSync(process.argv[2], "utf8");
const [marker] = body.split("\n");

/** @throws Error with GitHub's own words */
async function request(method, path, content) {
  const response = await fetch(`${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}${path}`, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${GH_TOKEN}`,
      "content-type": "application/json",
      "user-agent": "sse-lab",
    },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const error = new Error(`${method} ${path}: ${response.status} ${answer.message ?? ""}`);
  error.status = response.status;
  throw error;
}

/** The first comment with the marker, on whichever page it is. */
async function earlierComment() {
  for (let page = 1; ; page += 1) {
    const path = `/issues/${PULL_REQUEST}/comments?per_page=100&page=${page}`;
    const comments = await request("GET", path);
    const found = comments.find((comment) => comment.body?.startsWith(marker));
    if (found !== undefined || comments.length < 100) return found;
  }
}

try {
  const earlier = await earlierComment();
  if (earlier === undefined) {
    await request("POST", `/issues/${PULL_REQUEST}/comments`, { body });
  } else {
    await request("PATCH", `/issues/comments/${earlier.id}`, { body });
  }
  console.log(earlier === undefined ? "comment written" : "comment updated");
} catch (error) {
  if (error.status !== 401 && error.status !== 403 && error.status !== 404) throw error;
  console.log(`::notice::No comment, see the job summary: ${error.message}`);
}
