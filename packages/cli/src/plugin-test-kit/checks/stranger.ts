import type { PluginFolder } from "../../plugin-folder.js";
import { Broken, hold, NotServed } from "../check.js";
import { spawnPlugin } from "../plugin-under-test.js";

const patienceMs = 5000;

/** A check with a process of its own: started by somebody who is no host, a plugin says so and ends. */
export async function refusesStrangers(folder: PluginFolder): Promise<string | undefined> {
  const spawned = await spawnPlugin({ folder, cookie: false });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs);
  });
  try {
    const seen = await Promise.race([spawned.ended, spawned.firstLine.then((line) => ({ line })), late]);
    if (seen === undefined) throw new Broken(`it neither ended nor spoke within ${patienceMs / 1000} s`);
    if (typeof seen !== "string") throw new NotServed("it does not look at the cookie: harmless to a host");
    hold(seen !== "exited with code 0", "it exited with code 0, as if all were well");
    return seen;
  } finally {
    clearTimeout(timer);
    await spawned.release();
  }
}
