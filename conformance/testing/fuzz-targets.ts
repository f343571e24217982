import fc from "fast-check";
import {
  answersAreWhole,
  chunksBecomeLines,
  hostileAnswers,
  hostileChunks,
  hostileResources,
  resourcesAreAnswers,
} from "../../packages/aggregator/src/testing/hostile-answers.js";
import { arrowIsJsonOrRefused, hostileArrow, hostileJson, jsonIsFrameOrRefused } from "../../packages/frames/src/testing/hostile-frames.js";
import {
  blocksAreFieldsOrRefused,
  callEndsOnce,
  cutStreams,
  cutsChangeNothing,
  hostileBlocks,
  hostileFrames,
  hostileMessages,
  messagesAreReadOrRefused,
} from "../../packages/plugin-protocol/src/testing/hostile-peer.js";
import { playBlock } from "../body-fuzz/play-block.js";

/** One thing that a plugin or a client may send, and what holds of it: the same input and the same claim as in the packages' own tests. */
export interface FuzzTarget {
  readonly name: string;
  /** Throws with the seed and the smallest input that breaks the claim. */
  readonly run: (rounds: number, seed: number, seen: (outcome: string) => void) => Promise<void>;
}

function target<Input>(
  name: string,
  input: fc.Arbitrary<Input>,
  holds: (input: Input, seen: (outcome: string) => void) => Promise<void> | void,
): FuzzTarget {
  return {
    name,
    run: async (numRuns, seed, seen) =>
      fc.assert(
        fc.asyncProperty(input, async (it) => holds(it, seen)),
        { numRuns, seed },
      ),
  };
}

export const fuzzTargets: readonly FuzzTarget[] = [
  target("query answers", hostileAnswers, answersAreWhole),
  target("chunked answers", hostileChunks, chunksBecomeLines),
  target("resource streams", hostileResources, resourcesAreAnswers),
  target("Arrow frames", hostileArrow, arrowIsJsonOrRefused),
  target("JSON frames", hostileJson, jsonIsFrameOrRefused),
  target("protocol messages", hostileMessages, messagesAreReadOrRefused),
  target("link frames", hostileFrames, callEndsOnce),
  target("header blocks", hostileBlocks, blocksAreFieldsOrRefused),
  target("cut frames", cutStreams, cutsChangeNothing),
  { name: "API requests", run: playBlock },
];
