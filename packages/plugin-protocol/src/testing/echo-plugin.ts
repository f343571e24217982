import { setTimeout as sleep } from "node:timers/promises";
import { GrpcCode, GrpcError } from "../grpc-link.js";
import type { PluginImplementation } from "../plugin-server.js";
import { servePlugin } from "../serve-plugin.js";

// A plugin process for the tests of both ends.

const implementation: PluginImplementation = {
  checkHealth: () => Promise.resolve({ status: 1, message: "hello from echo", jsonDetails: new Uint8Array() }),
  queryData: ({ queries }) => {
    if (queries[0]?.refId === "log") process.stderr.write("a line\n");
    if (queries[0]?.refId === "grpc") throw new GrpcError(GrpcCode.InvalidArgument, "bad", { metadata: { errorSource: "downstream" } });
    return Promise.reject(new Error("broken"));
  },
  async *runStream(_request, { signal }) {
    signal.addEventListener("abort", () => console.log("stream was cancelled"), { once: true });
    let count = 0;
    while (!signal.aborted) {
      yield { data: Buffer.from(String(count)) };
      count += 1;
      await sleep(1);
    }
  },
};

setTimeout(() => console.log("printed after the handshake"), 50);
await servePlugin({ implementation, env: process.env });
