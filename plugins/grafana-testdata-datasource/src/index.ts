export { testDataPlugin } from "./test-data-plugin.js";
