import { runFile } from "./database.mjs";

// The release command: everything that the new processes need of the database, or no new processes.
try {
  await runFile("schema.sql");
} catch (error) {
  console.error(`the schema cannot be made: ${error.stderr}`);
  process.exit(1);
}
console.log("the schema is as it should be");
