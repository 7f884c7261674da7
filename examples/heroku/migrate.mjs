import { runFile } from "./database.mjs";

// The release command: everything that the new processes need of the database, or no new processes.
await runFile("schema.sql");
console.log("the schema is as it should be");
