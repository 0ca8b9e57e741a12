import type { Declare } from "../declare-command.ts";

export const declareConformance: Declare = (command, perform) => {
  command
    .description(
      "Runs every case of docs/realtime-protocol.md against a Supabase Realtime: your own server " +
        "or a hosted project. Without a URL, it checks the lab's stand-in.",
    )
    .option(
      "--url <url>",
      "URL as realtime-js takes it: http://host:4000/socket, https://<ref>.supabase.co/realtime/v1",
    )
    .option(
      "--jwt-secret-env <name>",
      "the variable that holds the JWT secret",
      "REALTIME_JWT_SECRET",
    )
    .option("--slow", "also run the cases that wait for more than a minute")
    .option("--skip-private", "skip the cases that need the lab's policy")
    .option("--json", "print one JSON object on stdout")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/conformance.ts")).conformance));
};

const HELP = `
Keys come from the environment, never from flags:
  REALTIME_URL         used if --url is not given
  REALTIME_JWT_SECRET  required; signs the tokens of the cases (API_JWT_SECRET of the server)
  REALTIME_KEY         service-role key (default: one is signed)
  REALTIME_ANON_KEY    key for the gateway of a hosted project (default: REALTIME_KEY)
  REALTIME_TENANT_DB   JSON with db_host, db_port, db_name, db_user and db_password, for the tenants
                       that the limit cases create with POST /api/tenants; a real server refuses
                       them without it, and those cases are skipped

On the target, every topic and tenant is called sse-lab-conformance-<random>, or
sse:session:sse-lab-conformance-<random>. The suite publishes a few thousand messages, holds up to
12 sockets at once, and removes its tenants.
The private cases need the policy of infra/realtime/policies.sql.
Your own server finishes sooner with CHANNEL_ERROR_BACKOFF_MS=100, CONNECT_ERROR_BACKOFF_MS=100 and
TENANT_MAX_EVENTS_PER_SECOND=10000. Cases that the gateway of a hosted project answers are skipped.

Example:
  REALTIME_JWT_SECRET=... sse-lab conformance --url http://127.0.0.1:4000/socket

Exit code: 0 all conform, 1 some fail or differ from the notes, 2 the suite could not run.`;
