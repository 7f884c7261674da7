import type { Output } from "../src/terminal.js";

/** An output that keeps what is written. */
export interface FakeOutput extends Output {
  text(): string;
}

/** An output of `columns` cells; a terminal unless told otherwise. */
export function fakeOutput(
  options: { readonly columns?: number; readonly isTerminal?: boolean } = {},
): FakeOutput {
  let written = "";
  return {
    write: async (text) => {
      written += text;
    },
    text: () => written,
    isTerminal: options.isTerminal ?? true,
    colour: false,
    animated: options.isTerminal ?? true,
    columns: () => options.columns ?? 80,
    rows: () => 24,
    onResize: () => () => {},
  };
}
