// The least that a proxy of Node can be: each request goes on to the backend, each answer comes back, both piped. And the backend: it
// answers /bytes/N with N bytes in pieces of 64 KiB. usage: bare-proxy.mjs proxy BACKEND-PORT | bare-proxy.mjs backend
// Prints its port.
import { Agent, createServer, request } from "node:http";
import process from "node:process";

const [role, backendPort] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const piece = Buffer.alloc(64 * 1024);

const proxy = (incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const upstream = request({ host: "127.0.0.1", port: Number(backendPort), agent, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on("error", () => outgoing.destroy());
  incoming.pipe(upstream);
};

const backend = (incoming, outgoing) => {
  let left = Number(incoming.url.split("/").at(-1));
  const write = () => {
    while (left > 0) {
      const part = piece.subarray(0, Math.min(left, piece.length));
      left -= part.length;
      if (!outgoing.write(part)) return outgoing.once("drain", write);
    }
    outgoing.end();
  };
  outgoing.writeHead(200, { "content-type": "application/octet-stream" });
  write();
};

const server = createServer(role === "proxy" ? proxy : backend);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
