import { expect, test } from 'vitest';
import { galleryHtml } from '../../src/views/galleryHtml.ts';
import { galleryStringsForTests } from './samples.ts';

const html = (strings = galleryStringsForTests) =>
  galleryHtml({
    strings,
    language: 'pt',
    script: 'https://host/gallery.js',
    style: 'https://host/gallery.css',
    cspSource: 'https://host',
    nonce: 'abc123',
  });

test('the page may load nothing but its own script, its style sheet and pictures that were handed to it', () => {
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html())?.[1]?.replaceAll('&#39;', "'");
  expect(policy).toBe("default-src 'none'; img-src blob:; style-src https://host; script-src 'nonce-abc123'");
});

test('texts cannot break out of the page', () => {
  const page = html({ ...galleryStringsForTests, search: '"><script>alert(1)</script>' });
  expect(page).not.toContain('<script>alert');
  expect(page.match(/<script/g)).toHaveLength(1);
});

test('the script gets its texts', () => {
  const attribute = /data-strings="([^"]*)"/.exec(html())?.[1] ?? '';
  expect(JSON.parse(attribute.replaceAll('&quot;', '"').replaceAll('&#39;', "'"))).toEqual(galleryStringsForTests);
});

test('the grid is one, named Photos', () => {
  expect(html()).toContain('role="grid" tabindex="-1" aria-label="Photos"');
  expect(html()).toContain('<html lang="pt">');
});
