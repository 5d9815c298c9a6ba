const groupPattern = /^[0-9a-f]{16}$/;
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

/** The two photos of a selection, when it is exactly two. */
export function twoPhotosOf(selection: unknown): [string, string] | undefined {
  if (!Array.isArray(selection) || selection.length !== 2) return undefined;
  const [first, second] = selection.map(photoIdOf);
  return first === undefined || second === undefined || first === second ? undefined : [first, second];
}

/**
 * The duplicate group that a command was run on: a node of the tree of duplicates (`{ group: { group } }`, or below one), or
 * what the gallery says (`{ groupId }`). Undefined when it was run by itself.
 */
export function groupIdOf(argument: unknown): string | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined;
  if ('groupId' in argument) return checkedGroup(argument.groupId);
  if ('group' in argument && typeof argument.group === 'object' && argument.group !== null) {
    return 'group' in argument.group ? checkedGroup(argument.group.group) : undefined;
  }
  return 'parent' in argument ? groupIdOf(argument.parent) : undefined;
}

/** What the gallery is to look for: `{ query }`. */
export function queryOf(argument: unknown): string | undefined {
  if (typeof argument !== 'object' || argument === null || !('query' in argument)) return undefined;
  return typeof argument.query === 'string' ? argument.query.slice(0, 200) : undefined;
}

function checkedGroup(id: unknown): string | undefined {
  return typeof id === 'string' && groupPattern.test(id) ? id : undefined;
}

function checked(id: unknown): string | undefined {
  return typeof id === 'string' && idPattern.test(id) ? id : undefined;
}
