/**
 * Fenced blocks of code in a page.
 *
 * @param {string} page
 * @returns {{ language: string, line: number, text: string }[]} `language` is all that follows the fence: `ts`, `sh`.
 */
export function codeBlocks(page) {
  const blocks = [];
  /** @type {{ fence: string, language: string, line: number, lines: string[] } | undefined} */
  let open;
  for (const [index, line] of page.split(/\r?\n/).entries()) {
    const [, fence = "", language = ""] = /^(`{3,})(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence !== "") open = { fence, language: language.trim(), line: index + 1, lines: [] };
    } else if (fence.length >= open.fence.length && language === "") {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join("\n") });
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  return blocks;
}
