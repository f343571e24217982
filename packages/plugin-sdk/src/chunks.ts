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

/** What chunks make together. */
export interface Gathered {
  /** In the order of their first chunks. */
  readonly frames: readonly Frame[];
  /** What ended them before their end; in a list, as anything can be thrown. */
  readonly failures: readonly unknown[];
}

/** The frames that the chunks make, those before a failure too. Never rejects; chunks of one frame that do not fit together are a failure. */
export async function gatherFrames(chunks: FrameChunks): Promise<Gathered> {
  const parts = new Map<string, [Frame, ...Frame[]]>();
  const frames = (): readonly Frame[] => [...parts.values()].map(joinFrames);
  try {
    for await (const { frame, frameId } of identified(chunks)) {
      const known = parts.get(frameId);
      if (known === undefined) parts.set(frameId, [frame]);
      else if (canFollow(known[0], frame)) known.push(frame);
      else throw schemaChanged(frameId);
    }
    return { frames: frames(), failures: [] };
  } catch (thrown) {
    return { frames: frames(), failures: [thrown] };
  }
}

function canFollow({ fields }: Frame, next: Frame): boolean {
  return next.fields.length === fields.length && next.fields.every(({ name, type }, at) => fields[at]?.name === name && fields[at].type === type);
}

function joinFrames(frames: readonly [Frame, ...Frame[]]): Frame {
  const [first] = frames;
  if (frames.length === 1) return first;
  return {
    ...first,
    fields: first.fields.map((field, at) => {
      const columns = frames.map(({ fields }) => fields[at]?.values ?? []);
      return { ...field, nullable: frames.some(({ fields }) => fields[at]?.nullable === true), values: columns.flat() };
    }),
  };
}

/** How chunks are refused that cannot be rows of one frame. */
export function schemaChanged(frameId: string): PluginError {
  return new PluginError(`the chunks of frame ${JSON.stringify(frameId)} differ in their schema`, { status: 500, source: "plugin" });
}
