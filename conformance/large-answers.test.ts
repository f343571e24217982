import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin } from "./testing/call.js";
import { createDataSource, dataSourcesUrl } from "./testing/data-plane.js";
import { installGoTestPlugin, needsGoTestPlugin, goTestPlugin as pluginId, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";

const arrow = "application/vnd.apache.arrow.stream";
const json = "application/json";

/** One answer of so many rows, in that form, of that data source. */
interface Asked {
  readonly uid: string;
  readonly rows: number;
  readonly accept: string;
}

describeWith([needsGoTestPlugin], "large answers, whose memory is used again", () => {
  const dataPath = temporaryFolder("large-answers");
  let server: StartedServer;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed } });
    await createDataSource(server, { pluginId, uid: "json" });
    await createDataSource(server, { pluginId, uid: "arrow", spec: { jsonData: { alwaysArrow: true } } });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  /** Hash of the body; undefined where the client leaves after `leaveAfter` bytes. A slow one pauses in the middle. */
  function ask({ uid, rows, accept }: Asked, how: { readonly leaveAfter?: number; readonly slow?: boolean } = {}): Promise<string | undefined> {
    const body = JSON.stringify({ queries: [{ refId: "A", queryType: "rows", rows }] });
    return new Promise((resolve, reject) => {
      const headers = { authorization: admin, accept, "content-type": json };
      const sent = request(`${dataSourcesUrl(server, pluginId)}/${uid}/query`, { method: "POST", headers }, (answer) => {
        const hash = createHash("sha256");
        let length = 0;
        answer.on("data", (piece: Buffer) => {
          hash.update(piece);
          length += piece.length;
          if (length > (how.leaveAfter ?? Number.POSITIVE_INFINITY)) {
            answer.destroy();
            resolve(undefined);
          } else if (how.slow === true && length === piece.length) {
            answer.pause();
            setTimeout(() => answer.resume(), 300);
          }
        });
        answer.once("end", () => resolve(`${answer.statusCode ?? 0} ${hash.digest("hex")}`));
        answer.once("error", (error) => (how.leaveAfter === undefined ? reject(error) : resolve(undefined)));
      });
      sent.once("error", (error) => (how.leaveAfter === undefined ? reject(error) : resolve(undefined)));
      sent.end(body);
    });
  }

  test("answers that come at once are each their own, though others leave in the middle and some read slowly", { timeout: 120_000 }, async () => {
    const asked = [30_000, 60_000, 61_000, 90_000].flatMap((rows): readonly Asked[] => [
      { uid: "json", rows, accept: json },
      { uid: "arrow", rows, accept: json },
      { uid: "json", rows, accept: arrow },
    ]);
    const expected = [];
    for (const one of asked) expected.push(await ask(one));
    expect(new Set(expected).size).toBe(8);
    for (let round = 0; round < 3; round += 1) {
      const leaving = asked.map((one, index) => ask(one, { leaveAfter: index * 100_000 }));
      const answers = await Promise.all(asked.map((one, index) => ask(one, { slow: index % 3 === round })));
      expect(answers).toEqual(expected);
      await Promise.all(leaving);
    }
  });
});
