export { serveForeignClient } from "./client.js";
export { type ForeignReport, type ForeignRunsOptions, runAmongForeign } from "./runs.js";
export type { ForeignZone, HeldRecordLine } from "./zone.js";
