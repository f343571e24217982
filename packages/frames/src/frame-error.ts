/** A frame that cannot be read or written: malformed Arrow or JSON, or a model whose columns do not fit together. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}
