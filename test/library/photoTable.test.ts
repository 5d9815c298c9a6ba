import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ContentFacts } from '../../src/daemon/library/decoderMessages.ts';
import { PhotoTable } from '../../src/daemon/library/photoTable.ts';
import { sha256 } from './support/images.ts';

const content = (n: number): ContentFacts => ({
  id: sha256(Buffer.from(String(n))),
  size: 10 + n,
  width: 0,
  height: 0,
  format: 'jpeg',
  blockhash: null,
  takenAt: null,
  camera: null,
  place: null,
  damaged: false,
  grey: false,
  motion: false,
  subsecond: null,
  features: null,
});

test('a file that moved is no change of its photo but for the name', () => {
  const table = new PhotoTable();
  table.setPhoto('a/one.jpg', '1:1:1', content(1));
  expect(table.takeChanges(true).added).toHaveLength(1);
  table.setPhoto('b/one.jpg', '1:1:1', content(1));
  table.remove('a/one.jpg');
  expect(table.takeChanges(true)).toEqual({ added: [], removed: [] });
  table.setPhoto('b/two.jpg', '1:1:1', content(1));
  table.remove('b/one.jpg');
  expect(table.takeChanges(true)).toMatchObject({ added: [{ id: content(1).id, name: 'two.jpg' }], removed: [] });
});

test('a photo that has gone is told later when it may yet turn up elsewhere', () => {
  const table = new PhotoTable();
  table.setPhoto('one.jpg', '1:1:1', content(1));
  table.takeChanges(true);
  table.setPhoto('one.jpg', '2:2:2', content(2));
  expect(table.takeChanges(false)).toMatchObject({ added: [{ id: content(2).id }], removed: [] });
  table.setPhoto('two.jpg', '1:1:3', content(1));
  expect(table.takeChanges(true)).toMatchObject({ added: [{ name: 'two.jpg' }], removed: [] });
  table.remove('two.jpg');
  expect(table.takeChanges(true)).toEqual({ added: [], removed: [content(1).id] });
});

test('the photo of a stamp is known until its file has gone', () => {
  const table = new PhotoTable();
  table.setPhoto('one.jpg', '1:1:1', content(1));
  table.setPhoto('noinode.jpg', '1:1:0', content(2));
  expect(table.photoByStamp('1:1:1')?.id).toBe(content(1).id);
  expect(table.photoByStamp('1:1:0')).toBeUndefined();
  table.setPhoto('one.jpg', '3:3:3', content(3));
  expect(table.photoByStamp('1:1:1')).toBeUndefined();
});

test('whatever happens to files, the changes add up to what is there', () => {
  const step = fc.record({
    what: fc.constantFrom('set', 'remove', 'unreadable', 'take', 'takeAdded'),
    path: fc.constantFrom('a.jpg', 'b.jpg', 'c/a.jpg', 'd.jpg'),
    photo: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const table = new PhotoTable();
      const files = new Map<string, number>();
      const told = new Map<string, string>();
      const take = (removals: boolean): void => {
        const { added, removed } = table.takeChanges(removals);
        for (const { id, name } of added) told.set(id, name);
        for (const id of removed) expect(told.delete(id)).toBe(true);
      };
      for (const [n, { what, path, photo }] of steps.entries()) {
        if (what === 'set') {
          table.setPhoto(path, `${n}:${n}:${n + 1}`, content(photo));
          files.set(path, photo);
        } else if (what === 'take' || what === 'takeAdded') {
          take(what === 'take');
        } else {
          if (what === 'remove') table.remove(path);
          else table.setUnreadable(path, undefined, 'Broken.', false);
          files.delete(path);
        }
      }
      take(true);
      const photos = new Set(files.values());
      expect(new Map([...table.photos()].map(({ id, name }) => [id, name]))).toEqual(told);
      expect([...told.keys()].sort()).toEqual([...photos].map((photo) => content(photo).id).sort());
      const bytes = [...photos].reduce((sum, photo) => sum + content(photo).size, 0);
      expect(table.totals).toEqual({ photos: photos.size, bytes, extraFiles: files.size - photos.size });
    }),
    { numRuns: 500 },
  );
});
