export type { Again, Controller, ControllerOptions } from "./controller.js";
export { createController } from "./create-controller.js";
export { heldTransport } from "./held-transport.js";
export { type Lead, type LeaderElectionOptions, leaderElection } from "./leader-election.js";
export type { WhileLeading, Work } from "./while-leading.js";
