/** This host's names, as lists of what needs no proxy spell them. */
const LOOPBACK = ["localhost", ".localhost", "127.0.0.1", "::1"];

/**
 * Adds this host to NO_PROXY, since no proxy reaches what the lab starts here. Node's fetch (with
 * NODE_USE_ENV_PROXY), gRPC and most tools would ask the proxy of the environment. Children inherit
 * the lists.
 */
export const keepLoopbackDirect = (env: NodeJS.ProcessEnv = process.env): void => {
  const add = (list: string): string => {
    const given = list.split(",").filter((host) => host.trim() !== "");
    return [...given, ...LOOPBACK.filter((host) => !given.includes(host))].join(",");
  };
  // A program may read one spelling alone.
  const { NO_PROXY, no_proxy, no_grpc_proxy } = env;
  env["NO_PROXY"] = add(NO_PROXY || no_proxy || "");
  env["no_proxy"] = add(no_proxy || NO_PROXY || "");
  // gRPC reads this one before no_proxy.
  if (no_grpc_proxy) env["no_grpc_proxy"] = add(no_grpc_proxy);
};
