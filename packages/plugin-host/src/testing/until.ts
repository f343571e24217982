/** Asks again and again until the answer is not undefined. Throws with `what` after 10 s. */
export async function until<T>(what: string, ask: () => T | undefined): Promise<T> {
  const end = Date.now() + 10_000;
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
