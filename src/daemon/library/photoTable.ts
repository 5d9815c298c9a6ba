import type { PhotoFacts, PhotoId } from '../../protocol/photo.ts';
import type { ContentFacts } from './decoderMessages.ts';
import { photoName } from './fileName.ts';
import type { Stamp } from './stamp.ts';
import { hasInode } from './stamp.ts';
import type { LibraryChange } from './types.ts';

/** What is known of one file. */
export interface FileRow {
  /** Undefined: it could not be read, so it is looked at again each time. */
  stamp: Stamp | undefined;
  photo: PhotoId | undefined;
  /** Why it is no photo, one sentence. */
  reason: string | undefined;
  /** Whether this is written to the index; a mishap is forgotten at a restart, so that it is tried again. */
  lasting: boolean;
}

interface PhotoRow {
  facts: PhotoFacts;
  paths: Set<string>;
}

/** Files and the photos that they are, in memory, with a record of what changed since it was last told. */
export class PhotoTable {
  readonly #files = new Map<string, FileRow>();
  readonly #photos = new Map<PhotoId, PhotoRow>();
  /** Which photo a stamp is: a renamed file keeps its stamp. */
  readonly #byStamp = new Map<Stamp, PhotoId>();
  /** Photos touched since the last `takeChanges`, as they were told before. */
  readonly #before = new Map<PhotoId, PhotoFacts | undefined>();
  #bytes = 0;
  #extraFiles = 0;

  get totals(): { photos: number; bytes: number; extraFiles: number } {
    return { photos: this.#photos.size, bytes: this.#bytes, extraFiles: this.#extraFiles };
  }

  /** Path and row of every file. */
  files(): Iterable<[string, FileRow]> {
    return this.#files;
  }

  file(path: string): FileRow | undefined {
    return this.#files.get(path);
  }

  *photos(): Iterable<PhotoFacts> {
    for (const { facts } of this.#photos.values()) yield facts;
  }

  photo(id: PhotoId): PhotoFacts | undefined {
    return this.#photos.get(id)?.facts;
  }

  /** Relative paths of the files that are this photo, in order. */
  paths(id: PhotoId): string[] {
    return [...(this.#photos.get(id)?.paths ?? [])].sort();
  }

  /** The photo that a file with this stamp is, by another path of it. */
  photoByStamp(stamp: Stamp): PhotoFacts | undefined {
    const id = hasInode(stamp) ? this.#byStamp.get(stamp) : undefined;
    return id === undefined ? undefined : this.photo(id);
  }

  /** @param stamp undefined when the file is to be looked at again although it is known */
  setPhoto(path: string, stamp: Stamp | undefined, content: ContentFacts): void {
    const former = this.#files.get(path);
    const photo = this.#photos.get(content.id);
    this.#touch(content.id);
    if (photo === undefined) {
      this.#photos.set(content.id, { facts: { ...content, name: photoName(path) }, paths: new Set([path]) });
      this.#bytes += content.size;
    } else {
      if (!photo.paths.has(path)) this.#extraFiles++;
      photo.paths.add(path);
      photo.facts = { ...content, name: firstName(photo) };
    }
    this.#files.set(path, { stamp, photo: content.id, reason: undefined, lasting: true });
    if (stamp !== undefined) this.#byStamp.set(stamp, content.id);
    if (former?.photo === undefined) return;
    if (former.photo !== content.id) this.#release(former.photo, path);
    if (former.stamp !== stamp) this.#forgetStamp(former.stamp, former.photo);
  }

  /** @param stamp undefined when the file is to be looked at again whatever its stamp is */
  setUnreadable(path: string, stamp: Stamp | undefined, reason: string, lasting: boolean): void {
    this.remove(path);
    this.#files.set(path, { stamp, photo: undefined, reason, lasting });
  }

  /** The file has gone. */
  remove(path: string): void {
    const row = this.#files.get(path);
    if (row === undefined) return;
    this.#files.delete(path);
    if (row.photo === undefined) return;
    this.#release(row.photo, path);
    this.#forgetStamp(row.stamp, row.photo);
  }

  /** A path with this stamp is no more; another one, to which it was moved or linked, may have it too. */
  #forgetStamp(stamp: Stamp | undefined, id: PhotoId): void {
    if (stamp === undefined) return;
    const paths = [...(this.#photos.get(id)?.paths ?? [])];
    if (!paths.some((path) => this.#files.get(path)?.stamp === stamp)) this.#byStamp.delete(stamp);
  }

  #release(id: PhotoId, path: string): void {
    const photo = this.#photos.get(id);
    if (photo === undefined) return;
    this.#touch(id);
    photo.paths.delete(path);
    if (photo.paths.size > 0) {
      this.#extraFiles--;
      photo.facts = { ...photo.facts, name: firstName(photo) };
      return;
    }
    this.#photos.delete(id);
    this.#bytes -= photo.facts.size;
  }

  #touch(id: PhotoId): void {
    if (!this.#before.has(id)) this.#before.set(id, this.photo(id));
  }

  /**
   * The net changes since they were last taken: what came and went meanwhile is not in them.
   * @param removals false leaves photos that have gone for later: they may yet turn up under another path
   */
  takeChanges(removals: boolean): LibraryChange {
    const change: LibraryChange = { added: [], removed: [] };
    for (const [id, before] of this.#before) {
      const now = this.photo(id);
      if (now !== undefined && (before === undefined || !isSame(before, now))) change.added.push(now);
      if (now === undefined && before !== undefined) {
        if (!removals) continue;
        change.removed.push(id);
      }
      this.#before.delete(id);
    }
    return change;
  }

  /** From here on, what is in the table counts as told. */
  forgetChanges(): void {
    this.#before.clear();
  }
}

/** Files of one photo may have different names: all our answers use the name of the first path. */
function firstName({ paths }: PhotoRow): string {
  let first: string | undefined;
  for (const path of paths) if (first === undefined || path < first) first = path;
  return photoName(first ?? '');
}

function isSame(one: PhotoFacts, other: PhotoFacts): boolean {
  return JSON.stringify({ ...one, name: '' }) === JSON.stringify({ ...other, name: '' }) && one.name === other.name;
}
