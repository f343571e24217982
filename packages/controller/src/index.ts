export type { Again, Controller, ControllerOptions } from "./controller.js";
// To be written: createController(options: ControllerOptions): Controller.
