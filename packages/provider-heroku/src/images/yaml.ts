/**
 * What is needed of `yaml`, to be loaded when it is needed.
 *
 * An `import()` of the library itself would have no named exports in the package that is published: esbuild gives a
 * CommonJS module that is loaded so a default export only.
 *
 * @module
 */
export { isMap, parseDocument, stringify } from "yaml";
