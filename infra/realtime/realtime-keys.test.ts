import { jwtVerify } from "jose";
import { expect, test } from "vitest";
import { mintRealtimeKeys } from "./realtime-keys.ts";

test("both keys are signed with the secret, for their roles, and last", async () => {
  const secret = "s".repeat(40);
  const { serviceKey, anonKey } = await mintRealtimeKeys(secret);
  for (const [key, role] of [
    [serviceKey, "service_role"],
    [anonKey, "anon"],
  ] as const) {
    const { payload } = await jwtVerify(key, new TextEncoder().encode(secret), {
      algorithms: ["HS256"],
    });
    expect(payload).toMatchObject({ role, iss: "supabase" });
    expect(payload.exp! - payload.iat!).toBeGreaterThan(365 * 86_400);
  }
});
