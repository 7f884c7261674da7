// Stands for a migration: what fails here never takes traffic.
if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error("Node 20 or newer is needed");
  process.exit(1);
}
console.log(`ready to run on Node ${process.versions.node}`);
