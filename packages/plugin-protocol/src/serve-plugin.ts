import { handshakeCookie } from "./handshake.js";
import type { ServePlugin } from "./plugin-server.js";
import { StdioCapture } from "./stdio-capture.js";

/** See ServePlugin. */
export const servePlugin: ServePlugin = async (options) => {
  if (options.env[handshakeCookie.name] !== handshakeCookie.value) {
    process.stderr.write("This binary is a plugin. It is started by its host, and does nothing of its own.\n");
    process.exitCode = 1;
    return;
  }
  const stdio = new StdioCapture();
  // From now on: a line that the plugin prints before its handshake would be taken for it.
  const stdout = stdio.capture(process.stdout);
  try {
    // Loaded when first used: hosts import this package too, and serve nothing.
    const { serveGrpc } = await import("./grpc-js-plugin-server.js");
    await serveGrpc({ ...options, stdio, print: stdout.write });
  } finally {
    stdout.release();
  }
};
