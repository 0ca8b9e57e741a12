import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { IMAGE_PORTS, IMAGE_USERS } from "../images/pinned-images.ts";
import { DATABASE_NAME, DATABASE_SCHEMA, DATABASE_USER } from "../realtime/database-init.ts";
import { DATABASE_ADDRESS, REALTIME_ALIAS, REALTIME_NAME } from "../realtime/realtime-names.ts";
import { limitEnvironment } from "../realtime/realtime-environment.ts";
import { REALTIME_TENANT } from "../realtime/realtime-settings.ts";
import type { OwnRealtimeKeys } from "../realtime/stack-realtime.ts";
import { confined, containerOptions } from "./hardening.ts";
import { componentLabels } from "../stack/labels.ts";
import { publishedPort } from "./published.ts";
import {
  realtimeEndpoint,
  type RealtimeEndpoint,
  type RealtimeServerArgs,
} from "./realtime-address.ts";
import { RealtimePostgres } from "./realtime-postgres.ts";

const PORT = IMAGE_PORTS.realtime.http;
const MEMORY_MB = 2048;
/** It boots three times: for its own migrations, to seed the tenant, and to serve. */
const READY_WITHIN_S = 180;
/**
 * One per client, and some more. The image's default, 1000 for each of its 100 acceptors, must not
 * be what the lab measures.
 */
const MAX_CONNECTIONS = 16_384;
const OPEN_FILES = 65_536;
const SEEDED = "/tmp/seeded";

/**
 * The image's entry point (`run.sh` of supabase/realtime) without `sudo`: it starts as root only to
 * become `nobody`, which needs capabilities that the container lacks. The mark tells the health
 * check that seeding is over. Seeding boots the whole server once and ends it, so an earlier answer
 * proves nothing.
 */
const START = [
  `rm -f ${SEEDED}`,
  `ulimit -Sn ${OPEN_FILES} 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"`,
  "/app/bin/migrate",
  // The seed makes API_JWT_SECRET the tenant's secret; the server checks /api/tenants by it. Two
  // values, so that no page's token opens the management API.
  `API_JWT_SECRET="$TENANT_JWT_SECRET" ` +
    "/app/bin/realtime eval 'Realtime.Release.seeds(Realtime.Repo)'",
  "unset TENANT_JWT_SECRET",
  `touch ${SEEDED}`,
  "exec /app/bin/server",
].join("\n");

/** The server's largest message is 3,000 kB on every plan: no variable sets it. */
export interface SupabaseRealtimeArgs extends RealtimeServerArgs {
  images: { realtime: string; postgres: string };
  keys: OwnRealtimeKeys;
}

/**
 * Supabase's Realtime server and its Postgres. Once Postgres is healthy, Realtime migrates it,
 * seeds its one tenant, serves and becomes healthy; then the servers start. The policies of the
 * private channels are in the database before the first client can ask: see `database-init.ts`.
 *
 * Confined less than the others: it runs as `nobody`, who owns the release, without any capability.
 * But its root is writable, because the release may write beside itself. Its management API
 * (`/api/tenants`) has a secret apart from the tenant's, unlike in Supabase's compose file, and its
 * port is published on 127.0.0.1 only.
 *
 * Based on the server's source (2.129.8) and documentation. The development environment cannot pull
 * the image; the CI job `docker` runs it.
 */
export class SupabaseRealtime extends pulumi.ComponentResource {
  readonly endpoint: RealtimeEndpoint;

  constructor(name: string, args: SupabaseRealtimeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("sse-scaling-lab:index:SupabaseRealtime", name, {}, opts);
    const { stack, labels, images, networkName, keys, port } = args;
    const postgres = new RealtimePostgres(
      `${name}-postgres`,
      {
        stack,
        labels,
        image: images.postgres,
        carrierImage: images.realtime,
        networkName,
        password: keys.databasePassword,
      },
      { parent: this },
    );
    const server = new docker.Container(
      name,
      {
        ...confined({ uid: IMAGE_USERS.realtime.uid, memoryMb: MEMORY_MB }),
        readOnly: false,
        name: `${stack}-${REALTIME_NAME}`,
        image: images.realtime,
        entrypoints: ["/usr/bin/tini", "-s", "-g", "--"],
        command: ["/bin/bash", "-e", "-c", START],
        envs: environment(args, postgres.host),
        networksAdvanced: [{ name: networkName, aliases: [REALTIME_ALIAS] }],
        ports: [publishedPort(PORT, port)],
        labels: componentLabels(args, "broker", REALTIME_NAME),
        healthcheck: {
          // Answers only for a host name that is a tenant's.
          tests: [
            "CMD-SHELL",
            `test -e ${SEEDED} && curl -sf -o /dev/null -H 'Host: ${REALTIME_TENANT}' ` +
              `http://127.0.0.1:${PORT}/api/ping`,
          ],
          interval: "2s",
          timeout: "5s",
          startPeriod: "3m0s",
          retries: 5,
        },
        wait: true,
        waitTimeout: READY_WITHIN_S,
      },
      containerOptions(this),
    );
    this.endpoint = realtimeEndpoint(server, port);
    this.registerOutputs({ ...this.endpoint });
  }
}

/** Names and meanings: ENVS.md of supabase/realtime. */
const environment = (
  { plan, keys }: SupabaseRealtimeArgs,
  databaseHost: pulumi.Input<string>,
): pulumi.Input<string>[] => {
  const plain: Record<string, string> = {
    APP_NAME: REALTIME_NAME,
    PORT: String(PORT),
    MAX_CONNECTIONS: String(MAX_CONNECTIONS),
    DB_PORT: String(DATABASE_ADDRESS.port),
    DB_USER: DATABASE_USER,
    DB_NAME: DATABASE_NAME,
    DB_AFTER_CONNECT_QUERY: `SET search_path TO ${DATABASE_SCHEMA}`,
    DB_IP_VERSION: "ipv4",
    REALTIME_IP_VERSION: "ipv4",
    // The image's default is IPv6, which a bridge of the engine lacks.
    ERL_AFLAGS: "-proto_dist inet_tcp",
    // A dump of a crashed server would fill /tmp.
    ERL_CRASH_DUMP_BYTES: "0",
    DNS_NODES: "''",
    SEED_SELF_HOST: "true",
    SELF_HOST_TENANT_NAME: REALTIME_TENANT,
    RUN_JANITOR: "true",
    DISABLE_HEALTHCHECK_LOGGING: "true",
    ...limitEnvironment(plan),
  };
  const secrets: Record<string, string> = {
    DB_PASSWORD: keys.databasePassword,
    DB_ENC_KEY: keys.databaseKey,
    TENANT_JWT_SECRET: keys.jwtSecret,
    API_JWT_SECRET: keys.managementJwtSecret ?? keys.jwtSecret,
    SECRET_KEY_BASE: keys.secretKeyBase,
    METRICS_JWT_SECRET: keys.metricsJwtSecret,
  };
  return [
    ...Object.entries(plain).map(([key, value]) => `${key}=${value}`),
    pulumi.interpolate`DB_HOST=${databaseHost}`,
    ...Object.entries(secrets).map(([key, value]) => pulumi.secret(`${key}=${value}`)),
  ];
};
