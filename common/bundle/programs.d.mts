export const PROGRAMS: Readonly<
  Record<"sse-lab" | "load-worker" | "reaper" | "install-official-cli" | "k6-double", string>
>;
