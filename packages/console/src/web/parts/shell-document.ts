/** A document for a terminal. */
export interface ShellDocument {
  readonly document: Document;
  /** Opens the terminal: a part of xterm 6.0 passes over the document it was given, but only while it is opened. */
  opening(open: () => void): void;
  dispose(): void;
}

/**
 * The document as a terminal may use it under a policy that forbids inline styles.
 *
 * xterm puts its rules into `<style>` elements and true colours into `style` attributes, both of which
 * `style-src 'self'` blocks. Here the first become constructed style sheets and the second properties set by script;
 * the policy allows both. (xterm asks for `instanceof Document`, which a proxy of the document is.)
 */
export function shellDocument(): ShellDocument {
  const sheets: CSSStyleSheet[] = [];
  const create = (name: string, options?: ElementCreationOptions): Element => {
    if (name.toLowerCase() === "style") return styleElement(sheets, document.createElement.bind(document));
    const element = document.createElement(name, options);
    element.setAttribute = setAttribute;
    return element;
  };
  const proxy = new Proxy(document, {
    get: (target, property) => {
      if (property === "createElement") return create;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, property, value) => Reflect.set(target, property, value, target),
  });
  return {
    document: proxy,
    opening: (open) => {
      const before = document.createElement;
      const real = before.bind(document);
      document.createElement = ((name: string, options?: ElementCreationOptions) =>
        name === "style" ? styleElement(sheets, real) : real(name, options)) as typeof before;
      try {
        open();
      } finally {
        document.createElement = before;
      }
    },
    dispose: () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !sheets.includes(sheet));
    },
  };
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

/** Takes what is written into it as the rules of a style sheet, which goes with it. */
function styleElement(sheets: CSSStyleSheet[], make: (name: "span") => HTMLElement): Element {
  const sheet = new CSSStyleSheet();
  sheets.push(sheet);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const element = make("span");
  element.hidden = true;
  let text = "";
  Object.defineProperty(element, "textContent", {
    get: () => text,
    set: (rules: string) => {
      text = rules;
      sheet.replaceSync(rules);
    },
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}
