export type { Again, Controller, ControllerOptions } from "./controller.js";
export { createController } from "./create-controller.js";
