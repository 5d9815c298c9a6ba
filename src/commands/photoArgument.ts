const idPattern = /^[0-9a-f]{64}$/;

/**
 * The photo that a command was run on: a node of a tree or the argument of its click (`{ photo: { id } }`), or what the
 * gallery says of a picture (`{ photoId }`). Undefined when it was run by itself.
 */
export function photoIdOf(argument: unknown): string | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined;
  if ('photoId' in argument) return checked(argument.photoId);
  if (!('photo' in argument) || typeof argument.photo !== 'object' || argument.photo === null) return undefined;
  return 'id' in argument.photo ? checked(argument.photo.id) : undefined;
}

/** What the gallery is to look for: `{ query }`. */
export function queryOf(argument: unknown): string | undefined {
  if (typeof argument !== 'object' || argument === null || !('query' in argument)) return undefined;
  return typeof argument.query === 'string' ? argument.query.slice(0, 200) : undefined;
}

function checked(id: unknown): string | undefined {
  return typeof id === 'string' && idPattern.test(id) ? id : undefined;
}
