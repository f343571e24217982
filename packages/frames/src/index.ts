export { arrowToJson, arrowToJsonChunks } from "./arrow-to-json.js";
export type { Field, FieldType, FieldValue, Frame } from "./frame.js";
export { FrameError } from "./frame-error.js";
export { frameToArrow } from "./frame-to-arrow.js";
export { frameToJson } from "./frame-to-json.js";
export { scanJsonFrame } from "./scan-json-frame.js";
