/** A message's place among those whose bytes come. */
export interface MessagePlace {
  /** It has come, or will not. */
  leave(): void;
}

interface Place {
  readonly bytes: number;
  readonly onAdmitted: () => void;
  admitted: boolean;
}

/**
 * How many bytes of large messages may be on their way to us at once. The rest waits in the plugin, which holds its answers anyway: sixteen
 * large answers that come in turns, piece by piece, would all be in memory until the last of them is whole.
 */
export class MessageBudget {
  readonly #limit: number;
  readonly #waiting = new Set<Place>();
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** In the order of asking; one message is admitted whatever its size. `onAdmitted` is called here or later, or never after `leave`. */
  ask(bytes: number, onAdmitted: () => void): MessagePlace {
    const place: Place = { bytes, onAdmitted, admitted: false };
    this.#waiting.add(place);
    this.#admit();
    return {
      leave: () => {
        if (place.admitted) this.#used -= place.bytes;
        place.admitted = false;
        this.#waiting.delete(place);
        this.#admit();
      },
    };
  }

  #admit(): void {
    for (const place of this.#waiting) {
      if (this.#used > 0 && this.#used + place.bytes > this.#limit) return;
      this.#waiting.delete(place);
      this.#used += place.bytes;
      place.admitted = true;
      place.onAdmitted();
    }
  }
}
