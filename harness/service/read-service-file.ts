import { basename, dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { readText } from "../../common/files/read-text.ts";
import { UserError } from "../../common/user-error.ts";
import type { ServiceProtocol } from "../load/portable/service/service-protocol.ts";
import { compileService } from "./compile/compile-service.ts";
import { fileProblems } from "./compile/file-problems.ts";
import { fillEnvironment } from "./compile/fill-environment.ts";
import { describeProblem, type Problem, type SourceFile } from "./problem.ts";
import { schemaProblems } from "./schema/schema-problems.ts";
import { serviceSchema, type ServiceFile } from "./schema/service-schema.ts";

/** A service file that was read, checked and compiled. */
export interface Service {
  /** Absolute path of the file. Its folder is what relative paths in it start from. */
  path: string;
  name: string;
  file: ServiceFile;
  protocol: ServiceProtocol;
  source: SourceFile;
}

/**
 * @param environment for the placeholders `${env.NAME}`
 * @throws UserError with one line for each mistake: file, line, column, key and fix
 */
export async function readServiceFile(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Service> {
  const source = parseSource(path, await textOf(path));
  const file = checkSource(source);
  const filled = fillEnvironment(file, environment);
  refuse(source, filled.problems);
  const name = file.name ?? nameOfFolder(path);
  return {
    path: resolve(path),
    name,
    file,
    protocol: compileService(filled.file, name),
    source,
  };
}

/** @throws UserError with one line for each mistake but for variables that are not set */
export function checkSource(source: SourceFile): ServiceFile {
  const value: unknown = source.document.toJS();
  const parsed = serviceSchema.safeParse(value);
  if (!parsed.success) refuse(source, schemaProblems(parsed.error, value));
  const file = parsed.data as ServiceFile;
  refuse(source, fileProblems(file));
  return file;
}

function refuse(source: SourceFile, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new UserError(problems.map((problem) => describeProblem(source, problem)).join("\n"));
}

async function textOf(path: string): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const fix = code === "ENOENT" ? "make one with: npx sse-lab service init" : undefined;
    throw new UserError(`${path}: cannot be read (${code ?? String(error)})`, fix);
  }
}

/** @throws UserError if it is not YAML, or more than one document */
export function parseSource(path: string, text: string): SourceFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // Of several, the others mostly follow from the first.
  const [first] = [...document.errors, ...document.warnings];
  if (first !== undefined) {
    const { line, col } = lines.linePos(first.pos[0]);
    throw new UserError(
      `${path}:${line}:${col}: is not YAML that the lab can read: ${first.message}`,
    );
  }
  if (document.contents === null)
    throw new UserError(`${path}: is empty`, "fill it with: npx sse-lab service init");
  return { path, document, lines };
}

/** A name for reports from the folder that the file lies in. */
const nameOfFolder = (path: string): string =>
  basename(dirname(resolve(path)))
    .replaceAll(/[^A-Za-z0-9._-]/g, "-")
    .replace(/^[._-]+/, "") || "service";
