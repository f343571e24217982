/** The name, with a number behind it when it is taken; it is taken from then on. */
export function freeName(name: string, taken: Set<string>): string {
  let free = name;
  let count = 1;
  while (taken.has(free)) {
    count += 1;
    free = `${name}${count}`;
  }
  taken.add(free);
  return free;
}
