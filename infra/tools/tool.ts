/**
 * A part that is not ours and that the lab runs: how to find it, and how to tell whether it will
 * do.
 */

export type PinnedToolName = "traefik" | "valkey";
export type ToolName = PinnedToolName | "haproxy";

export interface Tool {
  name: ToolName;
  /** Any tool that will do, for people. */
  title: string;
  /** Environment variable that names the binary to use. */
  setting: string;
  /** Names looked for on PATH, in this order. */
  commands: readonly string[];
  /** Looked at after PATH: where packages put it that are not on every user's PATH. */
  folders: readonly string[];
  /** Oldest version that will do. */
  minimum: string;
  versionArgs: readonly string[];
  /** Its first group is the version. */
  versionPattern: RegExp;
  /** How a user installs it by hand. */
  install: string;
}
