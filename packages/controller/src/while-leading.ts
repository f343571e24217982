/** Something that runs until a signal aborts. */
export interface Work {
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Who runs what one process alone may do, of several that share a store: `make` is called each time that this process comes to lead, and what
 * it makes runs until it does not lead any more. A process that has the store for itself leads from the call on.
 */
export type WhileLeading = (name: string, make: () => Work) => void;
