/** Put in place of the name by the bundler. */
declare const PHOTO_ORGANIZER_VERSION: string | undefined;

/** The version of package.json; `0.0.0-dev` where the sources run without having been bundled. */
export const version = typeof PHOTO_ORGANIZER_VERSION === 'string' ? PHOTO_ORGANIZER_VERSION : '0.0.0-dev';
