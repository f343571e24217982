import { expect, test } from "vitest";
import { hasSoundProgress } from "./progress.js";

test("progress is asked for only where its answer means what it says", () => {
  const sound = ["3.4.31", "3.4.40", "3.5.13", "3.5.21", "3.6.0", "3.7.3", "3.6.0-rc.1", "4.0.0"];
  const unsound = ["3.4.23", "3.4.30", "3.5.0", "3.5.12", "3.3.27", "2.3.8", "", "unknown"];
  expect(sound.filter((version) => !hasSoundProgress(version))).toEqual([]);
  expect(unsound.filter((version) => hasSoundProgress(version))).toEqual([]);
});
