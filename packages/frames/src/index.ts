export { type ArrowFrame, readArrow } from "./arrow-reader.js";
export { arrowToStream } from "./arrow-stream.js";
export { frameCsvPieces } from "./arrow-to-csv.js";
export { arrowToJson, arrowToJsonChunks, frameJsonBatches, frameJsonPieces, type JsonBatch } from "./arrow-to-json.js";
export type { Field, FieldType, FieldValue, Frame } from "./frame.js";
export { FrameError } from "./frame-error.js";
export { frameToArrow } from "./frame-to-arrow.js";
export { frameToJson } from "./frame-to-json.js";
export { jsonToFrame } from "./json-to-frame.js";
export { scanJsonFrame, scanJsonFrameInTurns } from "./scan-json-frame.js";

// For those who hand parts of JSON on as they were sent.

export { elementsOf, membersOf } from "./json-slices.js";
