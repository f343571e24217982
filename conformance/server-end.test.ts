import { expect, test } from "vitest";
import { runHostKillCampaign } from "./host-kill-campaign.js";
import { runSigtermCampaign } from "./sigterm-campaign.js";
import { needsGoTestPlugin } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";

describeWith([needsGoTestPlugin], "the end of a server", () => {
  test("ended by SIGTERM under load it drops nothing, is not ready at once, and leaves neither process nor socket", async () => {
    expect(await runSigtermCampaign(1)).toEqual({ ends: 1, inFlight: 20, faults: [] });
  });

  test("killed by SIGKILL and not started again, its plugins end in seconds, whoever wrote them; their sockets go with the next start", async () => {
    const { faults, slowestEndMs } = await runHostKillCampaign(2);
    expect(faults).toEqual([]);
    expect(slowestEndMs).toBeLessThan(30_000);
  });
});
