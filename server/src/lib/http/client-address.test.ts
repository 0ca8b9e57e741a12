import { expect, test } from "vitest";
import { clientAddress } from "./client-address.ts";

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  ["", ""],
])("%s counts as %s", (ip, client) => {
  expect(clientAddress(ip)).toBe(client);
});

test("two addresses of one /64 are one client, and those of two networks are two", () => {
  expect(clientAddress("2001:db8:1:2::1")).toBe(clientAddress("2001:db8:1:2:ffff::2"));
  expect(clientAddress("2001:db8:1:2::1")).not.toBe(clientAddress("2001:db8:1:3::1"));
});
