import { type Range, rangesOf, type Wanted } from "./ranges.js";

// Runs where it can be ended: the page waits for it no longer than it likes.
self.addEventListener("message", (event: MessageEvent<Wanted & { readonly texts: readonly string[] }>) => {
  const { text, caseSensitive, texts } = event.data;
  try {
    const pattern = new RegExp(text, caseSensitive ? "g" : "gi");
    const ranges: (readonly Range[])[] = texts.map((one) => rangesOf(pattern, one));
    self.postMessage({ texts, ranges });
  } catch {
    self.postMessage({});
  }
});
