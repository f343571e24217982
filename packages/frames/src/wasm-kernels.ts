import { FrameError } from "./frame-error.js";
import { WASM_MODULE } from "./gen/wasm-module.js";

/** What the module of `assembly/` exports. Addresses are bytes in its memory; each printer returns the end of what it wrote. */
export interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly specialCount: { readonly value: number };
  readonly anyNanos: { readonly value: number };
  reserve(bytes: number): void;
  integers(source: number, bitmap: number, rows: number, bits: number, signed: number, out: number): number;
  booleans(source: number, bitmap: number, rows: number, out: number): number;
  times(source: number, bitmap: number, rows: number, nanos: number, out: number): number;
  doubles(source: number, bitmap: number, rows: number, special: number, out: number): number;
  singles(source: number, bitmap: number, rows: number, special: number, out: number): number;
  /** Rows, or -1 for malformed, -2 for too deep; a zero byte must follow the text. */
  scan(start: number, end: number): number;
  /** Where the last scan stopped. */
  scannedTo(): number;
  strings(offsets: number, data: number, bitmap: number, rows: number, out: number): number;
}

/** Node's types leave it to the DOM library, which a server has no use for. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

/** First byte of the module's memory that a call may use. */
export const WORK = 32_768;

const DIGIT_PAIRS = 10_240;
const FIRST_POWER = -292;
const LAST_POWER = 324;

/** 10^power scaled to 128 bits and rounded up, as Schubfach has them. */
function powerOfTen(power: number): bigint {
  const shift = Number((BigInt(power) * 1_741_647n) >> 19n) - 127;
  if (power < 0) {
    const divisor = 10n ** BigInt(-power);
    return ((1n << BigInt(-shift)) + divisor - 1n) / divisor;
  }
  const value = 10n ** BigInt(power);
  return shift >= 0 ? (value + (1n << BigInt(shift)) - 1n) >> BigInt(shift) : value << BigInt(-shift);
}

function fillTables(memory: ArrayBuffer): void {
  const powers = new BigUint64Array(memory, 0, 2 * (LAST_POWER - FIRST_POWER + 1));
  for (let power = FIRST_POWER; power <= LAST_POWER; power++) {
    const value = powerOfTen(power);
    powers[(power - FIRST_POWER) * 2] = value >> 64n;
    powers[(power - FIRST_POWER) * 2 + 1] = BigInt.asUintN(64, value);
  }
  const digits = Array.from({ length: 100 }, (_, pair) => String(pair).padStart(2, "0")).join("");
  Buffer.from(memory).write(digits, DIGIT_PAIRS, "latin1");
}

function isKernels(exports: object): exports is Kernels {
  return [
    "memory",
    "specialCount",
    "anyNanos",
    "reserve",
    "integers",
    "booleans",
    "times",
    "doubles",
    "singles",
    "strings",
    "scan",
    "scannedTo",
  ].every((name) => name in exports);
}

let kernels: Kernels | undefined;

/** The module, compiled at first use. Its calls neither throw nor keep anything, so one instance serves all. */
export function loadKernels(): Kernels {
  if (kernels !== undefined) return kernels;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(WASM_MODULE, "base64")));
  if (!isKernels(exports)) throw new FrameError("the embedded WebAssembly module is not the one this code was written for");
  fillTables(exports.memory.buffer);
  kernels = exports;
  return kernels;
}
