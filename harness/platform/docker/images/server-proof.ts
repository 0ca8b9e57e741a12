/** How a server image shows that it is one: it starts, becomes ready by its own health check, and ends well on SIGTERM. */
import type { Proof } from "./prove-image.ts";

/** Ends by itself, whatever happens. `read` on a pipe that nobody writes to is a sleep without a program. */
const SCRIPT = `
node /app/server.mjs & pid=$!
exec 4<> <(:)
for _ in {1..200}; do
  kill -0 "$pid" || break
  if bash /app/ready.bash 2>/dev/null; then
    kill -TERM "$pid"
    wait "$pid" && echo ready and drained
    exit
  fi
  read -r -t 0.1 -u 4
done
kill -KILL "$pid" && echo "not ready within 20 seconds"
exit 1
`;

export const serverProof: Proof = {
  entrypoint: ["bash", "-c"],
  command: [SCRIPT],
  env: [
    "SESSION_SECRET=only-for-the-proof-that-it-starts-and-ends",
    "LOG_LEVEL=error",
    "DRAIN_NOTICE_MS=0",
    "DRAIN_SPREAD_MS=0",
  ],
  prints: "ready and drained",
};
