import { describe, expect, test } from 'vitest';
import { photoFormats } from '../../src/protocol/photo.ts';
import { canPreview, parsePhotoPath, photoAddress } from '../../src/views/photoUri.ts';
import { idForTests } from './samples.ts';

const id = idForTests(1);

describe('the address of a photo', () => {
  test('is its id and name, with a query that never changes', () => {
    const address = photoAddress({ id, name: 'Praia da Barra.JPG', format: 'jpeg' });
    expect(address).toEqual({ path: `/${id}/Praia da Barra.JPG`, query: `v=${id.slice(0, 10)}` });
  });

  test.each([
    ['scan', 'png', 'scan.png'],
    ['photo.jpg', 'png', 'photo.jpg.png'],
    ['photo.JPEG', 'jpeg', 'photo.JPEG'],
    ['shot.CR2', 'raw', 'shot.CR2'],
    ['old.tiff', 'tiff', 'old.tiff'],
  ] as const)('of %s, which is %s, ends so that its viewer is found: %s', (name, format, shown) => {
    expect(photoAddress({ id, name, format }).path).toBe(`/${id}/${shown}`);
  });

  test('can be read again', () => {
    const { path } = photoAddress({ id, name: 'a b%c.png', format: 'png' });
    expect(parsePhotoPath(path)).toEqual({ kind: 'photo', id, name: 'a b%c.png' });
    expect(parsePhotoPath(`/${id}`)).toEqual({ kind: 'folder', id });
    expect(parsePhotoPath('/')).toEqual({ kind: 'root' });
  });

  test.each(['/short/a.jpg', `/${id.toUpperCase().replace('1', 'F')}/a.jpg`, `/${id}/a/b.jpg`, 'x', `//${id}/a.jpg`])(
    'is refused when it is none: %s',
    (path) => {
      expect(parsePhotoPath(path)).toBeUndefined();
    },
  );
});

test('the formats that VS Code shows are those of its image preview', () => {
  expect(photoFormats.filter(canPreview)).toEqual(['jpeg', 'png', 'webp', 'avif', 'gif', 'bmp']);
});
