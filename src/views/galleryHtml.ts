import type { GalleryStrings } from '../protocol/gallery.ts';
import { galleryTile } from '../protocol/gallery.ts';

export interface GalleryPage {
  readonly strings: GalleryStrings;
  /** Language tag of the strings. */
  readonly language: string;
  /** Addresses of script and style sheet, as the webview may load them. */
  readonly script: string;
  readonly style: string;
  /** Where style sheets may come from. */
  readonly cspSource: string;
  /** Lets this one script run. */
  readonly nonce: string;
}

/** The page of the gallery. It may load its script, its style sheet and pictures that were handed to it, and nothing else. */
export function galleryHtml(page: GalleryPage): string {
  const { strings, nonce } = page;
  const policy = `default-src 'none'; img-src blob:; style-src ${page.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="${escapeHtml(page.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeHtml(page.style)}">
<title>${escapeHtml(strings.photos)}</title>
</head>
<body data-strings="${escapeHtml(JSON.stringify(strings))}">
<div id="toolbar" class="toolbar" role="toolbar" aria-label="${escapeHtml(strings.controls)}">
<input id="search" type="search" maxlength="200" spellcheck="false" placeholder="${escapeHtml(strings.search)}" aria-label="${escapeHtml(strings.search)}">
<label>${escapeHtml(strings.sortBy)}
<select id="sort">
<option value="date">${escapeHtml(strings.sortDate)}</option>
<option value="name">${escapeHtml(strings.sortName)}</option>
<option value="size">${escapeHtml(strings.sortSize)}</option>
</select></label>
<label>${escapeHtml(strings.tileSize)}
<input id="tile" type="range" min="${galleryTile.least}" max="${galleryTile.most}" step="16"></label>
<span id="count" role="status"></span>
</div>
<span id="unavailable" class="hidden-text">${escapeHtml(strings.unavailable)}</span>
<div id="notice" role="status" hidden></div>
<div id="review" data-mode="review" hidden></div>
<div id="grid" role="grid" tabindex="-1" aria-label="${escapeHtml(strings.photos)}"></div>
<script nonce="${nonce}" src="${escapeHtml(page.script)}"></script>
</body>
</html>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
