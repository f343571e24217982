/** Asks again and again until the answer is not undefined. Throws with `what` after 20 s. */
export async function until<T>(what: string, ask: () => T | undefined): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
