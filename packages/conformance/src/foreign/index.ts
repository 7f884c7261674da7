export { serveForeignClient } from "./client.js";
export {
  type ForeignReport,
  type ForeignRunsOptions,
  type ForeignZone,
  type HeldRecordLine,
  runAmongForeign,
} from "./runs.js";
