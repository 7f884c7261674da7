/**
 * The conformance kit of Deploy: scenarios that every provider has to get right, and what runs them.
 *
 * @module
 */
export * from "./chaos/index.js";
export * from "./foreign/index.js";
export { type ReferenceOptions, type ReferenceProvider, referenceProvider } from "./reference/provider.js";
export { referenceSubject } from "./reference/subject.js";
export { type ReferenceVendor, referenceToken, referenceVendor } from "./reference/vendor.js";
export * from "./run.js";
export type { Scenario, SuiteName } from "./scenario.js";
export { runScenario, type ScenarioResult, scenariosFor, whySkipped } from "./scenarios.js";
export type * from "./subject.js";
export { runBlackBox, type TestedModule, testProviderModule } from "./test-provider-module.js";
