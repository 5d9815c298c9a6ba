/** What another peer wrote for people, without what could forge lines or turn the direction of writing around. */
export function cleanText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
}
