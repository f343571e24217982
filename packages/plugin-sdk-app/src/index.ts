export type { AppContext, AppController } from "./app-controller.js";
