/**
 * Script of a plugin as an SDK without TLS and without go-plugin's services makes it: five fields, TCP, every call Unimplemented but
 * those in `answers` (path to status).
 */
export const barePlugin = (answers: Readonly<Record<string, number>> = {}): string => `
const http2 = require("node:http2");
const answers = ${JSON.stringify(answers)};
const server = http2.createServer();
server.on("stream", (stream, headers) => {
  const status = answers[headers[":path"]] ?? 12;
  stream.respond({ ":status": 200, "content-type": "application/grpc", ...(status === 0 ? {} : { "grpc-status": status }) }, status === 0 ? { waitForTrailers: true } : { endStream: true });
  if (status !== 0) return;
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
});
server.listen(0, "127.0.0.1", () => console.log("1|2|tcp|127.0.0.1:" + server.address().port + "|grpc"));
`;
