import type { Command } from "commander";

type AddCommand = (program: Command, setExitCode: (code: number) => void) => void;

interface Commands {
  names: readonly string[];
  load: () => Promise<AddCommand>;
}

/** In the order of the help. */
const COMMANDS: readonly Commands[] = [
  { names: ["loadtest"], load: async () => (await import("./actions/loadtest.ts")).addLoadtest },
  { names: ["up"], load: async () => (await import("./actions/up.ts")).addUp },
  { names: ["down"], load: async () => (await import("./actions/down.ts")).addDown },
  { names: ["bounce"], load: async () => (await import("./actions/bounce.ts")).addBounce },
  {
    names: ["report", "compare"],
    load: async () => (await import("./actions/report.ts")).addReport,
  },
  {
    names: ["cross-check"],
    load: async () => (await import("./actions/cross-check.ts")).addCrossCheck,
  },
  { names: ["doctor"], load: async () => (await import("./actions/doctor.ts")).addDoctor },
  { names: ["images"], load: async () => (await import("./actions/images.ts")).addImages },
  {
    names: ["conformance"],
    load: async () => (await import("./actions/conformance.ts")).addConformance,
  },
];

/**
 * What a command line needs: the command that it names, else all of them (help, or a name that is none). Loading those that nobody asked
 * for takes longer than most of them do.
 */
export async function commandsFor(asked: string | undefined): Promise<AddCommand[]> {
  const named = COMMANDS.filter(({ names }) => asked !== undefined && names.includes(asked));
  return Promise.all((named.length > 0 ? named : COMMANDS).map(({ load }) => load()));
}
