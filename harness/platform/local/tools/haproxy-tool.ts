import type { Tool } from "./tool.ts";

/** The one part that the lab cannot fetch: no package index that needs no root holds it. Only topologies with this router need it. */
export const HAPROXY_TOOL: Tool = {
  name: "haproxy",
  title: "HAProxy",
  setting: "SSE_LAB_HAPROXY",
  commands: ["haproxy"],
  // Debian puts it there, and leaves that folder out of an ordinary user's PATH.
  folders: ["/usr/sbin", "/usr/local/sbin"],
  minimum: "2.6.0",
  versionArgs: ["-v"],
  versionPattern: /^HAProxy version (\d+\.\d+\.\d+)/m,
  install: "install it (Debian: apt-get install haproxy; macOS: brew install haproxy)",
};
