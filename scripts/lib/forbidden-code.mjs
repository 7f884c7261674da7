import ts from "typescript";

/** Functions of node:child_process that take a line for a shell. */
const SHELL_FUNCTIONS = new Set(["exec", "execSync"]);

/**
 * Why a piece of code may not stand in a package: shell strings anywhere, registries on globalThis in what is shipped.
 *
 * @param {ts.Node} node
 * @param {boolean} isTest
 * @returns {string | undefined}
 */
export function refuseCode(node, isTest) {
  if (ts.isImportSpecifier(node)) {
    const from = node.parent.parent.parent.moduleSpecifier;
    const imported = (node.propertyName ?? node.name).text;
    if (isChildProcess(from) && SHELL_FUNCTIONS.has(imported))
      return `${imported} takes a shell string: use execFile`;
  }
  if (ts.isCallExpression(node)) {
    const called = node.expression;
    if (ts.isIdentifier(called) && called.text === "execSync")
      return "execSync takes a shell string: use execFileSync";
    if (
      ts.isPropertyAccessExpression(called) &&
      SHELL_FUNCTIONS.has(called.name.text) &&
      (called.name.text === "execSync" || /child_?process/i.test(called.expression.getText()))
    ) {
      return `${called.name.text} takes a shell string: use execFile with an array of arguments`;
    }
  }
  if (
    ts.isPropertyAssignment(node) &&
    (ts.isIdentifier(node.name) || ts.isStringLiteral(node.name)) &&
    node.name.text === "shell" &&
    (node.initializer.kind === ts.SyntaxKind.TrueKeyword ||
      (isSpawnOption(node) && !isFalse(node.initializer)))
  ) {
    return "`shell` runs a shell string: pass an array of arguments";
  }
  if (!isTest && isGlobalWrite(node)) return "nothing is kept on globalThis: pass it as an argument";
  return undefined;
}

/** @param {ts.Node} node */
function isChildProcess(node) {
  return ts.isStringLiteral(node) && /^(?:node:)?child_process$/.test(node.text);
}

/** @param {ts.Node} node */
function isFalse(node) {
  return node.kind === ts.SyntaxKind.FalseKeyword;
}

/**
 * An option in the literal that is passed to a function which starts processes.
 *
 * @param {ts.PropertyAssignment} node
 */
function isSpawnOption(node) {
  const call = node.parent.parent;
  return ts.isCallExpression(call) && /(?:spawn|execFile|fork)(?:Sync)?$/.test(call.expression.getText());
}

/**
 * `globalThis.x = …`, `globalThis[key]` and `Object.…(globalThis, …)`; reading `globalThis.fetch` is no registry.
 *
 * @param {ts.Node} node
 */
function isGlobalWrite(node) {
  if (!ts.isIdentifier(node) || (node.text !== "globalThis" && node.text !== "global")) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false;
  if (
    node.text === "global" &&
    !ts.isPropertyAccessExpression(parent) &&
    !ts.isElementAccessExpression(parent)
  )
    return false;
  if (!ts.isPropertyAccessExpression(parent)) return !ts.isTypeQueryNode(parent);
  const outer = parent.parent;
  return (
    ts.isBinaryExpression(outer) &&
    outer.left === parent &&
    /^(?:\?\?|\|\||&&)?=$/.test(outer.operatorToken.getText())
  );
}
