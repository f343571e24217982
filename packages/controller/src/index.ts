export type { Again, Controller, ControllerOptions } from "./controller.js";
export { createController } from "./create-controller.js";
export { type LeaderElectionOptions, leaderElection } from "./leader-election.js";
export type { WhileLeading, Work } from "./while-leading.js";
