import type { ToolName } from "./tool.ts";

/** A tool cannot be had: one line that says what is wrong, and the exact way out of it. */
export class ToolError extends Error {
  override name = "ToolError";
  readonly tool: ToolName;
  readonly problem: string;
  readonly fix: string;

  constructor(tool: ToolName, problem: string, fix: string) {
    super(`${problem}. Fix: ${fix}`);
    this.tool = tool;
    this.problem = problem;
    this.fix = fix;
  }
}
