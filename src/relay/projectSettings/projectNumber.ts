/** '7' -> 7; null for anything that is no positive whole number. */
export function projectNumber(text: string): number | null {
  return /^[1-9]\d{0,14}$/u.test(text) ? Number(text) : null;
}
