/** How an image of one of our servers shows that it is one: it starts, becomes healthy by its own check, and ends well on SIGTERM. */
import type { OwnImagePart } from "../pinned-images.ts";
import type { Proof } from "./smoke-test-image.ts";

/** Ends by itself, whatever happens. `read` on a pipe that nobody writes to is a sleep without a program. */
const script = (program: string, check: string): string => `
node ${program} & pid=$!
exec 4<> <(:)
for _ in {1..200}; do
  kill -0 "$pid" || break
  if bash ${check} 2>/dev/null; then
    kill -TERM "$pid"
    wait "$pid" && echo ready and drained
    exit
  fi
  read -r -t 0.1 -u 4
done
kill -KILL "$pid" && echo "not ready within 20 seconds"
exit 1
`;

const proof = (program: string, check: string, env: readonly string[]): Proof => ({
  entrypoint: ["bash", "-c"],
  command: [script(program, check)],
  env,
  prints: "ready and drained",
});

const SECRET = "only-for-the-proof-that-it-starts-and-ends";

export const serviceProofs: Readonly<Record<OwnImagePart, Proof>> = {
  server: proof("/app/server.mjs", "/app/ready.bash", [
    `SESSION_SECRET=${SECRET}`,
    "LOG_LEVEL=error",
    "DRAIN_NOTICE_MS=0",
    "DRAIN_SPREAD_MS=0",
  ]),
  "realtime-standin": proof("/app/realtime-standin.mjs", "/app/healthy.bash", [
    `API_JWT_SECRET=${SECRET}`,
    "LOG_LEVEL=error",
  ]),
};
