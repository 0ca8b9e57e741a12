import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { HttpAnswer } from "./broadcast-api.ts";
import { readBody } from "./http-body.ts";
import { STAND_IN } from "../../../infra/realtime/stand-in-name.ts";
import { Tenant, type TenantSettings, type TenantTable } from "./tenant.ts";
import type { TokenVerifier } from "./tokens.ts";

const limit = () => z.number().int().min(0).optional();

/** What the real server knows and the stand-in does not need (`name`, `extensions`, ...) is taken and left alone. */
const Body = z.object({
  tenant: z.object({
    external_id: z.string().min(1).optional(),
    jwt_secret: z.string().min(1).optional(),
    max_concurrent_users: limit(),
    max_events_per_second: limit(),
    max_joins_per_second: limit(),
    max_channels_per_client: limit(),
    max_payload_size_in_kb: limit(),
    presence_enabled: z.boolean().optional(),
    private_only: z.boolean().optional(),
    suspend: z.boolean().optional(),
  }),
});
type GivenTenant = z.infer<typeof Body>["tenant"];

const FORBIDDEN: HttpAnswer = { status: 403 };
const NOT_FOUND: HttpAnswer = { status: 404, body: { message: "not found" } };
const GONE: HttpAnswer = { status: 204 };

/** `/api/tenants`, in memory. Source: supabase/realtime `tenant_controller.ex`. */
export class TenantApi {
  readonly #tenants: TenantTable;
  readonly #verifier: TokenVerifier;
  readonly #defaults: Omit<TenantSettings, "externalId">;
  readonly #sampleMs: number;

  /** @param defaults of a new tenant that does not say otherwise */
  constructor(
    tenants: TenantTable,
    verifier: TokenVerifier,
    defaults: Omit<TenantSettings, "externalId">,
    sampleMs: number,
  ) {
    this.#tenants = tenants;
    this.#verifier = verifier;
    this.#defaults = defaults;
    this.#sampleMs = sampleMs;
  }

  async answer(request: IncomingMessage, method: string, path: string): Promise<HttpAnswer> {
    const body = await readBody(request);
    if ("refused" in body) return { status: body.refused };
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined || !(await this.#verifier.isSigned(token))) return FORBIDDEN;
    const [id, action, ...more] = path.split("/").slice(3);
    if (more.length > 0) return NOT_FOUND;
    const json = "json" in body ? body.json : {};
    if (id === undefined || id === "") {
      if (method === "GET") return ok(this.#tenants.all().map(view));
      return method === "POST" ? this.#put(undefined, json) : NOT_FOUND;
    }
    if (action === undefined && (method === "PUT" || method === "PATCH")) return this.#put(id, json);
    const tenant = this.#tenants.get(id);
    if (action === undefined && method === "DELETE") {
      if (tenant !== undefined) this.#tenants.remove(tenant);
      return GONE;
    }
    if (tenant === undefined) return NOT_FOUND;
    switch (`${method} ${action ?? ""}`) {
      case "GET ":
        return ok(view(tenant));
      case "GET health":
        return ok(healthOf(tenant));
      case "POST reload":
        tenant.disconnectAll();
        return GONE;
      case "POST shutdown":
        // Ends the tenant's database connection on the real server; here there is none.
        return GONE;
      default:
        return NOT_FOUND;
    }
  }

  #put(id: string | undefined, json: unknown): HttpAnswer {
    const parsed = Body.safeParse(json);
    if (!parsed.success) {
      const errors: Record<string, string[]> = {};
      for (const { path, message } of parsed.error.issues)
        (errors[String(path.at(-1) ?? "tenant")] ??= []).push(message);
      return { status: 422, body: { errors } };
    }
    const given = parsed.data.tenant;
    const externalId = id ?? given.external_id;
    if (externalId === undefined)
      return { status: 422, body: { errors: { external_id: ["can't be blank"] } } };
    const present = this.#tenants.get(externalId);
    if (present !== undefined) {
      present.update(settingsOf(given, present.settings));
      return ok(view(present));
    }
    const tenant = new Tenant(settingsOf(given, { ...this.#defaults, externalId }), this.#sampleMs);
    this.#tenants.add(tenant);
    return { ...ok(view(tenant)), status: 201 };
  }
}

const ok = (data: unknown): HttpAnswer => ({ status: 200, body: { data } });

const settingsOf = (given: GivenTenant, before: TenantSettings): TenantSettings => ({
  externalId: before.externalId,
  jwtSecret: given.jwt_secret ?? before.jwtSecret,
  maxConcurrentUsers: given.max_concurrent_users ?? before.maxConcurrentUsers,
  maxEventsPerSecond: given.max_events_per_second ?? before.maxEventsPerSecond,
  maxJoinsPerSecond: given.max_joins_per_second ?? before.maxJoinsPerSecond,
  maxChannelsPerClient: given.max_channels_per_client ?? before.maxChannelsPerClient,
  maxPayloadKb: given.max_payload_size_in_kb ?? before.maxPayloadKb,
  presenceEnabled: given.presence_enabled ?? before.presenceEnabled,
  privateOnly: given.private_only ?? before.privateOnly,
  suspended: given.suspend ?? before.suspended,
});

const view = ({ id, insertedAt, settings }: Tenant) => ({
  id,
  external_id: settings.externalId,
  name: settings.externalId,
  max_concurrent_users: settings.maxConcurrentUsers,
  max_channels_per_client: settings.maxChannelsPerClient,
  max_events_per_second: settings.maxEventsPerSecond,
  max_joins_per_second: settings.maxJoinsPerSecond,
  max_payload_size_in_kb: settings.maxPayloadKb,
  inserted_at: insertedAt.toISOString(),
  extensions: [],
  private_only: settings.privateOnly,
  presence_enabled: settings.presenceEnabled,
});

/** `connected_cluster` counts the clients of the tenant. There is no database that could be away. */
const healthOf = (tenant: Tenant) => ({
  healthy: true,
  db_connected: true,
  replication_connected: true,
  connected_cluster: tenant.users.size,
  region: "local",
  node: STAND_IN,
});
