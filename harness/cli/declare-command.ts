import type { Command } from "commander";

/** What a command does. Resolves to the exit code. */
export type Action<Args extends unknown[]> = (...args: Args) => Promise<number>;

/** Makes commander's action of one that is loaded only when the command runs. */
export type Perform = <Args extends unknown[]>(
  load: () => Promise<Action<Args>>,
) => (...args: Args) => Promise<void>;

/** Adds description, flags and action to a command. */
export type Declare = (command: Command, perform: Perform) => void;
