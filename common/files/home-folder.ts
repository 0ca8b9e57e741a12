import { homedir } from "node:os";
import { UserError } from "../user-error.ts";

/** @throws UserError with `fix` if HOME is not set and the system knows no home of this user */
export const homeFolder = (fix: string): string => {
  try {
    return homedir();
  } catch (error) {
    throw new UserError("this user has no home folder (HOME is not set)", fix, { cause: error });
  }
};
