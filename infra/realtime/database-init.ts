/**
 * Prepares a plain PostgreSQL for Supabase Realtime's Broadcast, with the policies of the private
 * channels.
 */
import { readFileSync } from "node:fs";
import { fromRoot } from "../../common/paths.ts";

/**
 * The superuser as which Realtime connects. Its migrations require this name (`GRANTED BY
 * supabase_admin`).
 */
export const DATABASE_USER = "supabase_admin";
export const DATABASE_NAME = "postgres";
/** Where Realtime stores its tenants: `DB_AFTER_CONNECT_QUERY` makes it the search path. */
export const DATABASE_SCHEMA = "_realtime";

const policies = readFileSync(fromRoot("infra/realtime/policies.sql"), "utf8");

/**
 * Runs once as `supabase_admin`, on an empty database. It holds no password: the cluster was
 * created with `supabase_admin`, and no other role may log in.
 *
 * Realtime's migrations create the policies' table, `realtime.messages`, later. An event trigger in
 * the database adds the policies in the same transaction, before any client can ask. This needs no
 * container that polls, and also works after Realtime was killed during its migrations.
 */
export const databaseInit = `-- Roles that the migrations of supabase/realtime grant to. \`postgres\` is there in every cluster but one made for another user.
create role postgres nologin;
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role dashboard_user nologin;
create schema ${DATABASE_SCHEMA};
create schema realtime;
grant usage on schema realtime to postgres, anon, authenticated, service_role;

create schema sse_lab;
create function sse_lab.apply_policies() returns event_trigger language plpgsql as $trigger$
begin
  if to_regclass('realtime.messages') is null
    or to_regprocedure('realtime.topic()') is null
    or to_regrole('anon') is null
    or exists (
      select from pg_policy
      where polrelid = to_regclass('realtime.messages') and polname = 'sse_lab_hear_own_session'
    ) then
    return;
  end if;
  execute $policies$
${policies.trimEnd()}
$policies$;
exception when others then
  -- Realtime's migrations are not to fail by it: without policies every client is refused, and this says why.
  raise warning 'sse-lab: the policies could not be applied: %', sqlerrm;
end
$trigger$;
create event trigger sse_lab_apply_policies on ddl_command_end
  when tag in ('CREATE TABLE', 'ALTER TABLE', 'CREATE FUNCTION', 'ALTER FUNCTION')
  execute function sse_lab.apply_policies();
`;
