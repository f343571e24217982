import { ApiError } from "@dataplane/meta";
import { PluginUnavailable } from "@dataplane/plugin-host";
import { GrpcCode, GrpcError, MessageTooLarge } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { endFrame, type Frame, framesOf, messageFrame, thrownOf } from "./call-frames.js";

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function read(bytes: Uint8Array, size: number, limit = 1_000): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of framesOf(inPieces(bytes, size), limit)) frames.push(frame);
  return frames;
}

const messages = ["", "a", "b".repeat(300)].map((text) => new Uint8Array(Buffer.from(text)));
const answer = Buffer.concat([...messages.flatMap(messageFrame), endFrame()]);

test.each([1, 2, 5, 6, 64, 10_000])("messages come as they were sent, in pieces of %i bytes", async (size) => {
  expect(await read(answer, size)).toEqual([...messages.map((data) => ({ kind: "message", data })), { kind: "end", outcome: {} }]);
});

test("an answer that breaks off has no end", async () => {
  const kinds = (await read(answer.subarray(0, answer.byteLength - 1), 7)).map(({ kind }) => kind);
  expect(kinds).toEqual(["message", "message", "message"]);
});

test("a message that is too large is not read", async () => {
  await expect(read(answer, 64, 299)).rejects.toThrow(MessageTooLarge);
});

const unavailable = new PluginUnavailable({ pluginId: "p", reason: "Crashed", message: "exit 1", retryAfterSeconds: 3 });
const grpc = new GrpcError(GrpcCode.InvalidArgument, "no", { metadata: { why: "x" } });
const api = new ApiError("Forbidden", "not yours");

test.each([unavailable, grpc, api, new MessageTooLarge(5)])("%s is thrown on the other side as it was here", async (thrown) => {
  const [end] = await read(endFrame(thrown), 1_000);
  const again = end?.kind === "end" ? thrownOf(end.outcome) : undefined;
  expect(again).toBeInstanceOf(thrown.constructor);
  expect(again).toMatchObject({ name: thrown.name, message: thrown.message });
});

test("what broke here by a bug says nothing of itself there", async () => {
  const [end] = await read(endFrame(new TypeError("secret of the stack")), 1_000);
  expect(end?.kind === "end" ? thrownOf(end.outcome) : undefined).toMatchObject({ reason: "BadGateway", message: "the other server failed" });
});
