import type { Frame } from "@dataplane/frames";
import { PluginError } from "./plugin-error.js";

/** Some rows of one frame of an answer. */
export interface FrameChunk {
  readonly frame: Frame;
  /** Which of the answer's frames the rows belong to; chunks with one id have one schema. "f0" unless given. */
  readonly frameId?: string;
}

/** An answer as it comes. A frame alone is a chunk of the answer's first frame. */
export type FrameChunks = AsyncIterable<FrameChunk | Frame>;

/** Every chunk with its id. */
export async function* identified(chunks: FrameChunks): AsyncGenerator<Required<FrameChunk>> {
  for await (const chunk of chunks) {
    if ("frame" in chunk) yield { frame: chunk.frame, frameId: chunk.frameId ?? firstFrameId };
    else yield { frame: chunk, frameId: firstFrameId };
  }
}

const firstFrameId = "f0";

/** The id of a frame that is no chunk, by its place in the answer. */
export const frameIdOf = (index: number): string => `f${index}`;

/** The frames that the chunks make, in the order of their first chunks. Throws PluginError when chunks of one frame do not fit together. */
export async function gatherFrames(chunks: FrameChunks): Promise<readonly Frame[]> {
  const parts = new Map<string, Frame[]>();
  for await (const { frame, frameId } of identified(chunks)) {
    const known = parts.get(frameId);
    if (known === undefined) parts.set(frameId, [frame]);
    else known.push(frame);
  }
  return [...parts].map(([frameId, frames]) => joinFrames(frameId, frames));
}

function joinFrames(frameId: string, frames: readonly Frame[]): Frame {
  const [first, ...rest] = frames;
  if (first === undefined || rest.length === 0) return first ?? { fields: [] };
  for (const { fields } of rest) {
    const fits = fields.length === first.fields.length && fields.every(({ name, type }, at) => sameColumn(first.fields[at], name, type));
    if (!fits) throw schemaChanged(frameId);
  }
  return {
    ...first,
    fields: first.fields.map((field, at) => {
      const columns = frames.map(({ fields }) => fields[at]?.values ?? []);
      return { ...field, nullable: frames.some(({ fields }) => fields[at]?.nullable === true), values: columns.flat() };
    }),
  };
}

function sameColumn(field: Frame["fields"][number] | undefined, name: string, type: string): boolean {
  return field?.name === name && field.type === type;
}

/** How chunks are refused that cannot be rows of one frame. */
export function schemaChanged(frameId: string): PluginError {
  return new PluginError(`the chunks of frame ${JSON.stringify(frameId)} differ in their schema`, { status: 500, source: "plugin" });
}
