let beat = 0;

console.log("at work");
const timer = setInterval(() => {
  beat += 1;
  console.log(`beat ${beat}`);
}, 1000);

process.once("SIGTERM", () => {
  clearInterval(timer);
  console.log("done");
});
