export const PROGRAMS: Readonly<
  Record<
    "sse-lab" | "load-worker" | "reaper" | "relay" | "install-official-cli" | "k6-double",
    string
  >
>;
