-- Who may hear what on the private channels of Supabase Realtime: a client that is signed for one session hears that session's channel,
-- `sse:session:<session id>`, and nothing else. Nobody but the service role may send: it bypasses row-level security.
--
-- Any visitor gets such a token, so it has the role `sse_page` and not `authenticated`, to which a project's tables may be open. The role
-- may do what `anon` may, whose key is public. Do not grant it to `authenticator`: without that, PostgREST and Storage refuse the token.
--
-- The lab's own Postgres applies this by itself (see database-init.ts). On a project of supabase.com its owner runs this file once, in
-- the SQL editor or by psql. It can be run again, and touches no other policy: one that lets `anon` read more stays as it is.
--
-- Realtime asks by writing a row of its own into realtime.messages, trying to read it back in the client's role, and rolling back; the
-- topic is in `realtime.topic()`, the claims of the client's token are in the setting `request.jwt.claims`
-- (https://supabase.com/docs/guides/realtime/authorization).

do $$
begin
  if to_regrole('sse_page') is null then
    create role sse_page nologin;
    grant anon to sse_page;
  end if;
end
$$;

drop policy if exists sse_lab_hear_own_session on realtime.messages;
create policy sse_lab_hear_own_session on realtime.messages
  for select
  to sse_page
  using (
    realtime.messages.extension = 'broadcast'
    -- A token without the claim gives null, which is not true.
    and (select realtime.topic()) = 'sse:session:' || (
      nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sse_session'
    )
  );
