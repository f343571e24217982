import fc from "fast-check";
import { test } from "vitest";
import {
  blocksAreFieldsOrRefused,
  callEndsOnce,
  cutStreams,
  cutsChangeNothing,
  hostileBlocks,
  hostileFrames,
  hostileMessages,
  messagesAreReadOrRefused,
} from "../testing/hostile-peer.js";

test("whatever bytes come as a header block, they are fields or a ConnectionError", () => {
  fc.assert(
    fc.property(hostileBlocks, (blocks) => blocksAreFieldsOrRefused(blocks)),
    { numRuns: 2000 },
  );
});

test("frames and messages come out as they went in, however the bytes are cut", () => {
  fc.assert(fc.property(cutStreams, (streams) => cutsChangeNothing(streams)));
});

test("whatever frames a peer sends, each call ends once at most, and at last", async () => {
  await fc.assert(
    fc.asyncProperty(hostileFrames, (frames) => callEndsOnce(frames)),
    { numRuns: 500 },
  );
});

test("whatever bytes come as a message, they are one or a GrpcError", () => {
  fc.assert(
    fc.property(hostileMessages, (message) => messagesAreReadOrRefused(message)),
    { numRuns: 3000 },
  );
});
