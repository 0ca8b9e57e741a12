/** What k6 needs to find programs, its cache and its certificates. Nothing of the harness's own settings and secrets is among it. */
const NEEDED: ReadonlySet<string> = new Set([
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  // For extensions that k6 fetches. Addresses of this host are never asked for through a proxy.
  "HTTPS_PROXY",
  "https_proxy",
  "NO_PROXY",
  "no_proxy",
]);

/** Where to find k6 is the harness's business. */
const OURS = "K6_BIN";

/** The environment that k6 gets: what it needs, and the user's own `K6_...` options. */
export const k6Environment = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && (NEEDED.has(entry[0]) || (entry[0].startsWith("K6_") && entry[0] !== OURS)),
    ),
  );
