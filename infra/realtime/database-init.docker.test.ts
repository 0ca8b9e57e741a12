/**
 * The database's preparation and the policies, on a real PostgreSQL of this host. What Realtime's
 * own migrations would make is made by hand here, as far as the policies touch it. (The whole
 * schema of supabase/realtime 2.129.8 was loaded on PostgreSQL 15.18 with it once; that is not ours
 * to commit.)
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  startThrowawayPostgres,
  type ThrowawayPostgres,
} from "../test-support/throwaway-postgres.ts";
import { DATABASE_USER, databaseInit } from "./database-init.ts";

/**
 * Order and rights as in Realtime's migrations: the table first, its row-level security and what
 * reads the topic later.
 */
const MIGRATIONS = `
  create role supabase_realtime_admin noinherit nologin;
  create table realtime.messages (
    topic text not null, extension text not null, payload jsonb, event text, private boolean default false,
    updated_at timestamp not null default now(), inserted_at timestamp not null default now(),
    id uuid not null default gen_random_uuid(), primary key (id, inserted_at)
  ) partition by range (inserted_at);
  create table realtime.messages_all partition of realtime.messages default;
  alter table realtime.messages enable row level security;
  grant select, insert, update on realtime.messages to anon, authenticated, service_role;
  create function realtime.topic() returns text language sql stable as
    $$ select nullif(current_setting('realtime.topic', true), '')::text $$;
  alter function realtime.topic() owner to supabase_realtime_admin;
  alter table realtime.messages owner to supabase_realtime_admin;
`;

let database: ThrowawayPostgres;
beforeAll(async () => {
  database = await startThrowawayPostgres(DATABASE_USER);
  await database.run(databaseInit);
  // Ended in the middle, begun again.
  await expect(database.run(`${MIGRATIONS} select 1 / 0;`)).rejects.toThrow("division by zero");
  await database.run(MIGRATIONS);
});
afterAll(() => database.stop());

interface Question {
  role: string;
  claims?: object | string;
  topic: string;
  extension?: string;
}

/** As Realtime asks: a row of its own, the client's role and claims, a look or a try, and back. */
const ask = (question: Question, sql: string): Promise<string> => {
  const { role, claims = "", topic, extension = "broadcast" } = question;
  const text = typeof claims === "string" ? claims : JSON.stringify(claims);
  return database.run(`
    savepoint asked;
    insert into realtime.messages (topic, extension, private) values ('${topic}', '${extension}', true);
    do $$ begin
      perform set_config('role', '${role}', true), set_config('realtime.topic', '${topic}', true),
        set_config('request.jwt.claims', '${text}', true);
    end $$;
    ${sql};
    rollback to savepoint asked;
  `);
};
const mayRead = async (question: Question): Promise<boolean> =>
  (await ask(question, "select count(*) from realtime.messages")) === "1";
const mayWrite = (question: Question): Promise<boolean> =>
  ask(
    question,
    `insert into realtime.messages (topic, extension) values ('${question.topic}', ` +
      `'${question.extension ?? "broadcast"}')`,
  ).then(
    () => true,
    (error: unknown) => {
      expect(String(error)).toContain("row-level security");
      return false;
    },
  );

const own = { role: "sse_page", claims: { role: "sse_page", sse_session: "a-1" } };

test.each<[what: string, question: Question, read: boolean, write: boolean]>([
  ["its own session", { ...own, topic: "sse:session:a-1" }, true, false],
  ["another session", { ...own, topic: "sse:session:a-2" }, false, false],
  ["a session whose id begins with its own", { ...own, topic: "sse:session:a-11" }, false, false],
  ["a topic of another kind", { ...own, topic: "a-1" }, false, false],
  [
    "who else is on the channel",
    { ...own, topic: "sse:session:a-1", extension: "presence" },
    false,
    false,
  ],
  [
    "a session without a claim",
    { role: "sse_page", claims: {}, topic: "sse:session:" },
    false,
    false,
  ],
  [
    "a session by a claim that is null",
    { role: "sse_page", claims: { sse_session: null }, topic: "sse:session:" },
    false,
    false,
  ],
  ["anything without claims at all", { role: "sse_page", topic: "sse:session:a-1" }, false, false],
  [
    "its own session as anon",
    { role: "anon", claims: { role: "anon", sse_session: "a-1" }, topic: "sse:session:a-1" },
    false,
    false,
  ],
  [
    "any session as the service role",
    { role: "service_role", topic: "sse:session:a-1" },
    true,
    true,
  ],
])("%s", async (_, question, read, write) => {
  expect([await mayRead(question), await mayWrite(question)]).toEqual([read, write]);
});

test("the file for a project's owner can be run by hand, and again", async () => {
  const policies = readFileSync(join(import.meta.dirname, "policies.sql"), "utf8");
  await database.run(policies);
  await database.run(policies);
  expect(await database.run("select count(*) from pg_policy")).toBe("1");
  expect(await mayRead({ ...own, topic: "sse:session:a-1" })).toBe(true);
});

test("the gateway of a project cannot take the role of a page, nor can a page take another", async () => {
  const members = "select m.roleid::regrole || ' to ' || m.member::regrole from pg_auth_members m";
  expect(await database.run(`${members} where 'sse_page'::regrole in (m.roleid, m.member)`)).toBe(
    "anon to sse_page",
  );
  const authenticated = { ...own, role: "authenticated", topic: "sse:session:a-1" };
  expect(await mayRead(authenticated)).toBe(false);
});

test("only Realtime may log in", async () => {
  expect(await database.run("select rolname from pg_roles where rolcanlogin")).toBe(DATABASE_USER);
});
