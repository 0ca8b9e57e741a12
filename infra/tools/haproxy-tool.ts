import type { DebianPackage } from "./fetch-debian-package.ts";
import type { Tool } from "./tool.ts";

/**
 * No wheel holds it; on Debian and Ubuntu the distribution's own package does. Only topologies with
 * this router need it.
 */
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

export const HAPROXY_PACKAGE: DebianPackage = { name: "haproxy", binary: "usr/sbin/haproxy" };
