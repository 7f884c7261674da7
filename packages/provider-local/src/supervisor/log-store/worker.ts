import { runLogWorker } from "./run-worker.js";

runLogWorker();
