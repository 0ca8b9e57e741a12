import { SignJWT } from "jose";

/** Keys of a Realtime that the lab runs. Both are secrets while the stack exists. */
export interface RealtimeKeys {
  /** Role `service_role`: publishes and reads every channel. */
  serviceKey: string;
  /** Role `anon`: `apikey` of a client's handshake. */
  anonKey: string;
}

const LIFETIME = "10y";

/**
 * Signs the two keys (HS256), as `supabase start` makes them: `{role, iss: "supabase", iat, exp}`.
 */
export async function mintRealtimeKeys(jwtSecret: string): Promise<RealtimeKeys> {
  const key = new TextEncoder().encode(jwtSecret);
  const mint = (role: string): Promise<string> =>
    new SignJWT({ role })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer("supabase")
      .setIssuedAt()
      .setExpirationTime(LIFETIME)
      .sign(key);
  const [serviceKey, anonKey] = await Promise.all([mint("service_role"), mint("anon")]);
  return { serviceKey, anonKey };
}
