import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DATABASE_NAME, DATABASE_USER, databaseInit } from "../realtime/database-init.ts";
import { DATABASE_ADDRESS } from "../realtime/realtime-names.ts";
import { ConfigVolume } from "./config-volume.ts";
import { confined, containerOptions, userId } from "./hardening.ts";
import { componentLabels, type ComponentOwner } from "../stack/labels.ts";

const ALIAS = DATABASE_ADDRESS.host;
/** Includes the database's files, which are in memory. */
const MEMORY_MB = 1024;
const DATA_MB = 512;
const READY_WITHIN_S = 60;
/** Where the official image looks for what to run on an empty database. */
const INIT_FOLDER = "/docker-entrypoint-initdb.d";

export interface RealtimePostgresArgs extends ComponentOwner {
  image: string;
  /** Any image that declares no volume. Its container carries the files and never runs. */
  carrierImage: string;
  networkName: pulumi.Input<string>;
  password: pulumi.Input<string>;
}

/**
 * The Postgres from which Realtime reads its tenant and the policies of private channels. No
 * broadcast passes through it. It is in memory only: every `up` rebuilds its content, and no run
 * adds any. Not published.
 *
 * The official image runs as any user with a read-only root (its documentation: "Arbitrary --user
 * Notes"), so it is confined like the others.
 */
export class RealtimePostgres extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;
  /** Known once it is healthy. */
  readonly host: pulumi.Output<string>;

  constructor(name: string, args: RealtimePostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("sse-scaling-lab:index:RealtimePostgres", name, {}, opts);
    const { stack, labels, image, carrierImage, networkName, password } = args;
    const init = new ConfigVolume(
      "postgres-config",
      {
        stack,
        labels,
        role: "postgres-config",
        image: carrierImage,
        folder: INIT_FOLDER,
        files: [{ path: `${INIT_FOLDER}/10-realtime.sql`, content: databaseInit }],
      },
      { parent: this },
    );
    const database = new docker.Container(
      name,
      {
        ...confined({
          uid: userId("postgres"),
          memoryMb: MEMORY_MB,
          scratch: ["/var/run/postgresql", { folder: "/var/lib/postgresql/data", sizeMb: DATA_MB }],
        }),
        name: `${stack}-${ALIAS}`,
        image,
        // Every tenant of Realtime opens a logical replication connection. The sizes keep the files
        // in memory small.
        command: [
          "postgres",
          "-c",
          "wal_level=logical",
          "-c",
          "max_wal_size=128MB",
          "-c",
          "min_wal_size=32MB",
        ],
        envs: [
          `POSTGRES_USER=${DATABASE_USER}`,
          `POSTGRES_DB=${DATABASE_NAME}`,
          pulumi.secret(pulumi.interpolate`POSTGRES_PASSWORD=${password}`),
        ],
        mounts: [{ type: "volume", source: init.volumeName, target: INIT_FOLDER, readOnly: true }],
        networksAdvanced: [{ name: networkName, aliases: [ALIAS] }],
        labels: componentLabels(args, "broker", ALIAS, { "sse-lab.config": init.hash }),
        healthcheck: {
          // By TCP: while the image runs the files above, its server answers on the local socket
          // only.
          tests: [
            "CMD",
            "pg_isready",
            "--quiet",
            "--host=127.0.0.1",
            `--username=${DATABASE_USER}`,
            `--dbname=${DATABASE_NAME}`,
          ],
          interval: "2s",
          timeout: "5s",
          startPeriod: "1m0s",
          retries: 5,
        },
        wait: true,
        waitTimeout: READY_WITHIN_S,
      },
      { ...containerOptions(this), dependsOn: [init.carrier] },
    );
    this.container = database.name;
    this.host = database.id.apply(() => ALIAS);
    this.registerOutputs({ container: this.container, host: this.host });
  }
}
