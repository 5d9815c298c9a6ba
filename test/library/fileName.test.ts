import * as fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { photoName, shownPath } from '../../src/daemon/library/fileName.ts';
import { FileNameSchema } from '../../src/protocol/photo.ts';

test('a name that may be shown and written stays as it is', () => {
  expect(photoName('2024/Praia da Barra ñ 日本.JPG')).toBe('Praia da Barra ñ 日本.JPG');
});

test('control characters and turned reading direction are taken out', () => {
  expect(photoName('a/\u202egnp.x\u0007.jpg')).toBe('_gnp.x_.jpg');
  expect(photoName('tab\there\\no.jpg')).toBe('tab_here_no.jpg');
});

test('a too long name keeps its extension', () => {
  const name = photoName(`${'é'.repeat(200)}.jpeg`);
  expect(name).toMatch(/^é+\.jpeg$/);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
});

test('whatever a file is called, its photo has an allowed name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (name) => {
      expect(v.is(FileNameSchema, photoName(name.replaceAll('/', '_')))).toBe(true);
    }),
  );
});

test('a path is shown without what could fool the eye', () => {
  expect(shownPath('a/b\u202e\n.jpg')).toBe('a/b\ufffd\ufffd.jpg');
});
