export { prometheusPlugin } from "./prometheus-plugin.js";
