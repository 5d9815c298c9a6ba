/** `text` as it is searched: without regard to case, accents and compatibility forms. */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/**
 * What is searched of one photo: file name, camera and date. The name comes first and ends in a character that is in no
 * name, so that this text also sorts photos by name.
 */
export function searchTextOf(photo: { name: string; camera: string | null; takenAt: string | null }): string {
  return fold(`${photo.name}\n${photo.camera ?? ''}\n${photo.takenAt ?? ''}`);
}

/** The words of a query; a photo must have each of them somewhere. */
export function queryWords(query: string): string[] {
  return [...new Set(fold(query).split(/\s+/u))].filter((word) => word !== '');
}

/** Whether a word of a query names this peer: its whole display name, or one word of it. */
export function namesPeer(word: string, displayName: string): boolean {
  const name = fold(displayName);
  return name === word || name.split(/[^\p{L}\p{N}]+/u).includes(word);
}
