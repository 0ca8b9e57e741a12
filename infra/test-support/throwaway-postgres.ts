/**
 * A real PostgreSQL of this host for a test: a new cluster in a temporary folder, without a TCP
 * port, removed at the end.
 */
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import which from "which";

/** PostgreSQL refuses to run as root: then it is this user, `nobody` on Linux. */
const NOBODY = 65_534;
const PROGRAMS = ["initdb", "pg_ctl", "psql"] as const;
/** Debian and Ubuntu keep them out of PATH, one folder for each major. */
const DEBIAN_FOLDER = "/usr/lib/postgresql";

const findFolder = async (): Promise<string> => {
  const onPath = await which("initdb", { nothrow: true });
  const majors = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER).sort().reverse() : [];
  const folders = [
    ...majors.map((major) => join(DEBIAN_FOLDER, major, "bin")),
    ...(onPath === null ? [] : [join(onPath, "..")]),
  ];
  const found = folders.find((folder) =>
    PROGRAMS.every((program) => existsSync(join(folder, program))),
  );
  if (found !== undefined) return found;
  throw new Error(
    `this test needs PostgreSQL 14 or newer, and ${PROGRAMS.join(", ")} are neither on ` +
      `PATH nor below ${DEBIAN_FOLDER}: install it (Debian: apt-get install postgresql; ` +
      "macOS: brew install postgresql@15)",
  );
};

export interface ThrowawayPostgres {
  /**
   * Runs the text as one transaction, as the superuser.
   *
   * @returns its rows, unaligned.
   *
   * @throws with what the server said
   */
  run(sql: string): Promise<string>;
  stop(): Promise<void>;
}

/** @param user the superuser that the cluster is made with */
export const startThrowawayPostgres = async (user: string): Promise<ThrowawayPostgres> => {
  const programs = await findFolder();
  const folder = mkdtempSync(join(tmpdir(), "sse-lab-pg-"));
  const asOther = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, "data");
  const call = (program: (typeof PROGRAMS)[number], args: readonly string[], input = "") =>
    execa(join(programs, program), args, { cwd: folder, input, env: { LC_ALL: "C" }, ...asOther });
  const settings = [
    "listen_addresses=",
    `unix_socket_directories=${folder}`,
    "wal_level=logical",
    "fsync=off",
  ];
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await call("initdb", [
      "--pgdata",
      data,
      "--username",
      user,
      "--auth=trust",
      "--encoding=UTF8",
      "--locale=C",
    ]);
    const options = settings.map((one) => `-c ${one}`).join(" ");
    await call("pg_ctl", [
      "--pgdata",
      data,
      "--log",
      join(folder, "log"),
      "--options",
      options,
      "--wait",
      "start",
    ]);
  } catch (error) {
    remove();
    throw error;
  }
  const connect = ["--host", folder, "--username", user, "--dbname", "postgres"];
  const manner = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--single-transaction"];
  return {
    run: async (sql) => {
      const { stdout } = await call(
        "psql",
        [...connect, ...manner, "--set=ON_ERROR_STOP=1", "--file=-"],
        sql,
      );
      return stdout;
    },
    stop: async () => {
      await call("pg_ctl", ["--pgdata", data, "--mode=immediate", "--wait", "stop"]);
      remove();
    },
  };
};
