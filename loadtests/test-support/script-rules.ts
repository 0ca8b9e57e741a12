/** What the compiler does not see: rules by which a source text works in k6. */
import ts from "typescript";

/** Assignments that the JavaScript engine of k6 has not had for long. */
const LOGICAL_ASSIGNMENTS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.QuestionQuestionEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
]);

/**
 * @param modules of k6 that there are
 * @returns one line for each breach
 */
export function breachesOf(file: string, source: string, modules: readonly string[]): string[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const breaches: string[] = [];
  const refuse = (node: ts.Node, what: string): void => {
    const line = tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    breaches.push(`${file}:${line}: ${what}`);
  };
  const visit = (node: ts.Node, inCallback: boolean): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const path = (node.moduleSpecifier as ts.StringLiteral).text;
      const typesOnly = ts.isImportDeclaration(node)
        ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
        : node.isTypeOnly;
      if (path.startsWith(".")) {
        if (!path.endsWith(".ts")) refuse(node, `${path} has no file extension`);
      } else if (!typesOnly && !modules.includes(path)) refuse(node, `no module of k6: ${path}`);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      refuse(node, "import() loads nothing in a bundle");
    const lacking = lackingSyntax(node);
    if (lacking !== undefined) refuse(node, `k6 does not know ${lacking}`);
    if (inCallback && waits(node)) refuse(node, "nobody awaits what this callback does later");
    const isCallback = ts.isCallExpression(node) && takesCallbacks(node);
    node.forEachChild((child) => visit(child, inCallback || isCallback));
  };
  visit(tree, false);
  return breaches;
}

/** Undefined: k6 runs it once its types are stripped. */
function lackingSyntax(node: ts.Node): string | undefined {
  if (ts.isBinaryExpression(node) && LOGICAL_ASSIGNMENTS.has(node.operatorToken.kind))
    return `a ${node.operatorToken.getText()} b`;
  if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return "for await";
  if (ts.isFunctionLike(node) && "asteriskToken" in node && node.asteriskToken && waits(node))
    return "async generators";
  if (ts.isBigIntLiteral(node)) return "literals of BigInt in every version";
  if (ts.isRegularExpressionLiteral(node) && /\(\?<[=!]|\/[a-z]*v[a-z]*$/.test(node.text))
    return "look-behind and the flag v in a regular expression";
  if (ts.isDecorator(node)) return "decorators";
  return undefined;
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
