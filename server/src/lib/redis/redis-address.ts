import { url } from "../../../../common/environment.ts";

/** Where Redis is and who asks: what REDIS_URL says. */
export interface RedisAddress {
  host: string;
  port: number;
  username?: string;
  password?: string;
  /** Number of the database: 0 if the address names none. */
  db: number;
  /** IP version: 0 takes either. */
  family: 0 | 4 | 6;
  /** True for `rediss:`. */
  tls: boolean;
}

const DEFAULT_PORT = 6379;

/** REDIS_URL. The client gets the parts and never the text, which it would read in another way. */
export const redisUrl = () =>
  url<RedisAddress>(["redis:", "rediss:"], "redis://:password@127.0.0.1:6379", readAddress);

function readAddress(parsed: URL): { value: RedisAddress } | { problem: string } {
  const { hostname, port, protocol } = parsed;
  const [username, password] = [parsed.username, parsed.password].map(decodeURIComponent);
  if (username && !password)
    return { problem: "has a user and no password: write redis://:password@host for a password" };
  const database = /^\/?(\d{0,5})\/?$/.exec(parsed.pathname)?.[1];
  if (database === undefined)
    return { problem: "has a path that is no database number: write / in a password as %2F" };
  const family = familyOf(parsed.searchParams);
  if (family === undefined)
    return {
      problem: "may have ?family=4 or ?family=6 and nothing else: write ? in a password as %3F",
    };
  return {
    value: {
      // An IPv6 address stands in brackets.
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? DEFAULT_PORT : Number(port),
      ...(username && { username }),
      ...(password && { password }),
      db: Number(database),
      family,
      tls: protocol === "rediss:",
    },
  };
}

/** Undefined: the query is not valid. `protocol=2` is what the server speaks anyway. */
function familyOf(query: URLSearchParams): RedisAddress["family"] | undefined {
  let family: RedisAddress["family"] = 0;
  for (const [name, value] of query) {
    if (name === "family" && /^[046]$/.test(value)) family = Number(value) as 0 | 4 | 6;
    else if (name !== "protocol" || value !== "2") return undefined;
  }
  return family;
}
