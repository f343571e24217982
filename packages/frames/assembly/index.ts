export { doubles, singles, specialCount } from "./floats";
export { anyNanos, booleans, integers, times } from "./integers";
export { reserve } from "./memory";
export { scan, scannedTo } from "./scanner";
export { strings } from "./strings";
