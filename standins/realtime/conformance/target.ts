/** What the suite runs against, and the tenants that it makes there for a case. */
import { randomBytes } from "node:crypto";
import { type Address, ask, withTenant } from "./address.ts";
import { show } from "./mismatch.ts";
import { mintToken } from "./tokens.ts";

/** A tenant's limits and settings, by the server's column names. */
export type TenantSettings = Readonly<Record<string, number | boolean>>;

export interface Target {
  address: Address;
  /** Signs the tokens (HS256). A secret. */
  jwtSecret: string;
  /** Instead of a minted `service_role` token. A secret. */
  serviceKey?: string;
  /** `apikey` that a hosted project's gateway lets through. */
  anonKey?: string;
  /** Database of a tenant that is made, as the server's extension settings name it (`db_host`, ...). A secret. */
  tenantDatabase?: Readonly<Record<string, string>>;
}

/** Everything that a run creates has this in its name. */
export const newPrefix = (): string => `sse-lab-conformance-${randomBytes(4).toString("hex")}`;

/** Any token that the server's API secret signs opens its tenant API. */
const authorization = async (target: Target): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await mintToken({ role: "service_role" }, target.jwtSecret)}`,
  "content-type": "application/json",
});

/** Body of `POST /api/tenants`, with the target's own secret, so that one token serves both tenants. */
export const tenantBody = (target: Target, name: string, settings: TenantSettings): string =>
  JSON.stringify({
    tenant: {
      external_id: name,
      name,
      jwt_secret: target.jwtSecret,
      max_concurrent_users: 1000,
      max_events_per_second: 10_000,
      max_joins_per_second: 1000,
      max_channels_per_client: 100,
      ...settings,
      extensions: [
        {
          type: "postgres_cdc_rls",
          // By default the server wants TLS to the database.
          settings: { region: "us-east-1", ssl_enforced: false, ...target.tenantDatabase },
        },
      ],
    },
  });

/** Makes a tenant. Resolves to its address, or to why the server refused. */
export async function makeTenant(
  target: Target,
  name: string,
  settings: TenantSettings,
  timeoutMs: number,
): Promise<Address | { refused: string }> {
  const answer = await ask(
    target.address,
    {
      method: "POST",
      path: "/api/tenants",
      headers: await authorization(target),
      body: tenantBody(target, name, settings),
    },
    timeoutMs,
  );
  if (answer.status === 201) return withTenant(target.address, name);
  return { refused: `POST /api/tenants answered ${answer.status} ${show(answer.body)}` };
}

/** A tenant that is gone already is no error. */
export async function removeTenant(target: Target, name: string, timeoutMs: number): Promise<void> {
  const request = {
    method: "DELETE",
    path: `/api/tenants/${name}`,
    headers: await authorization(target),
  } as const;
  await ask(target.address, request, timeoutMs);
}
