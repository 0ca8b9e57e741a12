/** What the compiler does not see: rules by which a source text works in k6. */
import ts from "typescript";

/**
 * @param modules of k6 that there are
 * @returns one line for each breach
 */
export function breachesOf(file: string, source: string, modules: readonly string[]): string[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const breaches: string[] = [];
  const at = (node: ts.Node): string =>
    `${file}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  const visit = (node: ts.Node, inCallback: boolean): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const path = (node.moduleSpecifier as ts.StringLiteral).text;
      const typesOnly = ts.isImportDeclaration(node)
        ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
        : node.isTypeOnly;
      if (path.startsWith(".")) {
        if (!path.endsWith(".ts")) breaches.push(`${at(node)}: ${path} has no file extension`);
      } else if (!typesOnly && !modules.includes(path))
        breaches.push(`${at(node)}: no module of k6: ${path}`);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      breaches.push(`${at(node)}: import() loads nothing in a bundle`);
    if (inCallback && waits(node))
      breaches.push(`${at(node)}: nobody awaits what this callback does later`);
    const isCallback = ts.isCallExpression(node) && takesCallbacks(node);
    node.forEachChild((child) => visit(child, inCallback || isCallback));
  };
  visit(tree, false);
  return breaches;
}

const waits = (node: ts.Node): boolean =>
  ts.isAwaitExpression(node) ||
  (ts.isFunctionLike(node) &&
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false));

/** `sse.open(...)` and `client.on(...)`: xk6-sse calls what it is given and goes on. */
const takesCallbacks = ({ expression }: ts.CallExpression): boolean =>
  ts.isPropertyAccessExpression(expression) &&
  ((expression.name.text === "open" && expression.expression.getText() === "sse") ||
    expression.name.text === "on");
