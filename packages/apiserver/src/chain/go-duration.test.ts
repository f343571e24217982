import { expect, test } from "vitest";
import { startApiServer } from "../testing/start-api-server.js";
import { goDurationMs } from "./go-duration.js";

test.each([
  ["0", 0],
  ["0s", 0],
  ["32s", 32_000],
  ["1h30m", 5_400_000],
  ["1.5s", 1_500],
  [".5ms", 0.5],
  ["-2s", -2_000],
  ["", undefined],
  ["10", undefined],
  ["s", undefined],
  ["1d", undefined],
  ["1s ", undefined],
])("the duration %j is %j ms", (text, ms) => {
  expect(goDurationMs(text)).toBe(ms);
});

test("a timeout that is no duration is 400, one that is zero or long means the server's own", async () => {
  await using api = await startApiServer();
  for (const path of ["/version", "/api/v1/namespaces", "/apis/events.k8s.io/v1/events"]) {
    const refused = await api.call(`${path}?timeout=invalid`);
    expect(refused).toMatchObject({
      status: 400,
      json: { message: 'invalid timeout specified in the request URL - time: invalid duration "invalid"' },
    });
    expect((await api.call(`${path}?timeout=0s`)).status).toBe(200);
    expect((await api.call(`${path}?timeout=1h`)).status).toBe(200);
  }
});
