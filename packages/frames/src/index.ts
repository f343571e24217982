export type { Field, FieldType, FieldValue, Frame } from "./frame.js";
// To be written:
//   arrowToJson(arrow: Uint8Array): { json: Uint8Array; rows: number }   Arrow IPC file or stream -> Grafana frame JSON, byte for byte what Go's SDK prints. Throws FrameError.
//   scanJsonFrame(json: Uint8Array): { rows: number }                    well-formed UTF-8 JSON of a frame, rows counted. Throws FrameError.
//   frameToJson(frame: Frame): Uint8Array                                the same JSON from the model.
//   frameToArrow(frame: Frame): Uint8Array                               Arrow IPC file as the Go SDK writes it.
