// `npm start`. An old Node must get one line, not a syntax error: nothing that it cannot parse comes before the check.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Data Plane Aggregator needs Node 20.19 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
} else {
  import("./serve.mjs");
}
