/** The server that the suite judges, and the tenants that the suite makes on it. */
import { randomBytes } from "node:crypto";
import { type Address, ask, withTenant } from "./address.ts";
import { show } from "./pattern.ts";
import { mintToken } from "./tokens.ts";

/** Limits of a tenant, by the server's column names. */
export type TenantSettings = Readonly<Record<string, number>>;

/** A tenant that exists for one case. */
export interface CaseTenant {
  address: Address;
  remove(): Promise<unknown>;
}

export interface Target {
  address: Address;
  /** Signs the tokens (HS256). A secret. */
  jwtSecret: string;
  /** Used instead of a minted `service_role` token. A secret. */
  serviceKey?: string;
  /** `apikey` that the gateway of a hosted project accepts. */
  anonKey?: string;
  /** Database of a new tenant, with the server's names (`db_host`, ...). A secret. */
  tenantDatabase?: Readonly<Record<string, string>>;
  /** Makes a tenant in another way than `POST /api/tenants`. */
  startTenant?: (settings: TenantSettings) => Promise<CaseTenant>;
}

/** Prefix of the name of everything that a run creates. */
export const newPrefix = (): string => `sse-lab-conformance-${randomBytes(4).toString("hex")}`;

/** Makes a tenant. Resolves to the reason if the server refuses. */
export async function makeTenant(
  target: Target,
  name: string,
  settings: TenantSettings,
  timeoutMs: number,
): Promise<CaseTenant | { refused: string }> {
  if (target.startTenant) return target.startTenant(settings);
  // The server accepts every token that its API secret has signed.
  const token = await mintToken({ role: "service_role" }, target.jwtSecret);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = tenantBody(target, name, settings);
  const request = { method: "POST", path: "/api/tenants", headers, body } as const;
  const { status, body: answer } = await ask(target.address, request, timeoutMs);
  if (status !== 201) return { refused: `POST /api/tenants answered ${status} ${show(answer)}` };
  const removal = { method: "DELETE", path: `/api/tenants/${name}`, headers } as const;
  return {
    address: withTenant(target.address, name),
    remove: () => ask(target.address, removal, timeoutMs),
  };
}

/** Uses the target's own secret, so that one token serves both tenants. */
const tenantBody = (target: Target, name: string, settings: TenantSettings): string =>
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
          // By default the server requires TLS to the database.
          settings: { region: "us-east-1", ssl_enforced: false, ...target.tenantDatabase },
        },
      ],
    },
  });
