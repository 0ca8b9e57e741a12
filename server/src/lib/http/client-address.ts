import { isIPv6 } from "node:net";

/** Groups of 16 bits that name a network: one subscriber usually has all addresses of a /64. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/**
 * What one client counts as for limits: an IPv4 address, also from its IPv6 form (RFC 4291,
 * 2.5.5.2), or the /64 network of an IPv6 address.
 */
export function clientAddress(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined || !isIPv6(ip)) return mapped ?? ip;
  const [head = "", tail] = ip.replace(/%.*$/, "").split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, GROUPS - first.length - last.length);
  const groups = [...first, ...Array.from({ length: zeros }, () => "0"), ...last];
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}
