/** Numbers whose last digit proves the others. */

const weighted = (digits: readonly number[], weight: (index: number) => number): number =>
  digits.reduce((sum, digit, index) => sum + digit * weight(index), 0);

export function isIsbn10(value: string): boolean {
  const plain = value.replaceAll(/[\s-]/g, "");
  if (!/^\d{9}[\dX]$/.test(plain)) return false;
  const digits = Array.from(plain, (character) => (character === "X" ? 10 : Number(character)));
  return weighted(digits, (index) => index + 1) % 11 === 0;
}

export function isIsbn13(value: string): boolean {
  const plain = value.replaceAll(/[\s-]/g, "");
  return /^\d{13}$/.test(plain) && weighted(Array.from(plain, Number), (index) => (index % 2 === 0 ? 1 : 3)) % 10 === 0;
}

const issuers = [
  /^4\d{12}(?:\d{3})?$/,
  /^5[1-5]\d{14}$/,
  /^6(?:011|5\d\d)\d{12}$/,
  /^3[47]\d{13}$/,
  /^3(?:0[0-5]|[68]\d)\d{11}$/,
  /^(?:2131|1800|35\d{3})\d{11}$/,
];

export function isCreditCard(value: string): boolean {
  const plain = value.replaceAll(/\D+/g, "");
  if (!issuers.some((issuer) => issuer.test(plain))) return false;
  const doubled = Array.from(plain, Number)
    .reverse()
    .map((digit, index) => (index % 2 === 1 ? digit * 2 : digit));
  return doubled.reduce((sum, digit) => sum + (digit > 9 ? digit - 9 : digit), 0) % 10 === 0;
}
