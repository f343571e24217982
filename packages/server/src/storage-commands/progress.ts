/** Where progress is told: a terminal, or a log. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const barWidth = 30;
const redrawMs = 100;
const lineMs = 5_000;

/** A bar on a terminal, elsewhere a line every few seconds. */
export class Progress {
  readonly #label: string;
  readonly #total: number;
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  #done = 0;
  #told: number;

  constructor(label: string, total: number, output: ProgressOutput, now: () => number = Date.now) {
    this.#label = label;
    this.#total = total;
    this.#output = output;
    this.#now = now;
    this.#told = now();
  }

  add(count: number): void {
    this.#done += count;
    const now = this.#now();
    if (now - this.#told < (this.#output.isTTY === true ? redrawMs : lineMs)) return;
    this.#told = now;
    this.#tell();
  }

  end(): void {
    this.#tell();
    if (this.#output.isTTY === true) this.#output.write("\n");
  }

  #tell(): void {
    const share = this.#total === 0 ? 1 : Math.min(1, this.#done / this.#total);
    const text = `${this.#label} ${String(this.#done)}/${String(this.#total)} (${String(Math.floor(share * 100))} %)`;
    if (this.#output.isTTY !== true) this.#output.write(`${text}\n`);
    else this.#output.write(`\r${"█".repeat(Math.round(share * barWidth)).padEnd(barWidth, "░")} ${text}`);
  }
}
