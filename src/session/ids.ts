/**
 * Every name that package.json and the code share, in one place: an id that is not here does not compile, and
 * test/manifest compares this list with the manifest in both directions.
 */

export const commandIds = {
  fetchPhoto: 'photoOrganizer.fetchPhoto',
  openGallery: 'photoOrganizer.openGallery',
  openPhoto: 'photoOrganizer.openPhoto',
  revealOriginal: 'photoOrganizer.revealOriginal',
  copyPhotoId: 'photoOrganizer.copyPhotoId',
  findDuplicates: 'photoOrganizer.findDuplicates',
  reviewDuplicates: 'photoOrganizer.reviewDuplicates',
  comparePhotos: 'photoOrganizer.comparePhotos',
  notDuplicate: 'photoOrganizer.notDuplicate',
  keepThisPhoto: 'photoOrganizer.keepThisPhoto',
  undoDecision: 'photoOrganizer.undoDecision',
  shareFolder: 'photoOrganizer.shareFolder',
  stopSharing: 'photoOrganizer.stopSharing',
  selectFolder: 'photoOrganizer.selectFolder',
  startDaemon: 'photoOrganizer.startDaemon',
  stopDaemon: 'photoOrganizer.stopDaemon',
  restartDaemon: 'photoOrganizer.restartDaemon',
  rescan: 'photoOrganizer.rescan',
  showUnreadable: 'photoOrganizer.showUnreadable',
  showLog: 'photoOrganizer.showLog',
  copyDiagnostics: 'photoOrganizer.copyDiagnostics',
  showMenu: 'photoOrganizer.showMenu',
} as const;
export type CommandId = (typeof commandIds)[keyof typeof commandIds];

export const viewContainerId = 'photoOrganizer';

export const viewIds = {
  peers: 'photoOrganizer.peers',
  collection: 'photoOrganizer.collection',
  duplicates: 'photoOrganizer.duplicates',
} as const;

export const galleryViewType = 'photoOrganizer.gallery';

export const walkthroughId = 'photoOrganizer.start';

/** Scheme of the read-only file system with every photo of the collection. */
export const photoScheme = 'photo';

export const statusBarItemId = 'photoOrganizer.status';

export const contextKeys = {
  /** The kind of the current `SessionState`. */
  state: 'photoOrganizer.state',
  /** Whether another peer than this one is known. */
  hasPeers: 'photoOrganizer.hasPeers',
  hasPhotos: 'photoOrganizer.hasPhotos',
  scanning: 'photoOrganizer.scanning',
  /** Whether photos are being compared with each other. */
  comparing: 'photoOrganizer.comparing',
  /** Whether the window has more than one folder to choose from. */
  severalFolders: 'photoOrganizer.severalFolders',
} as const;
export type ContextKey = (typeof contextKeys)[keyof typeof contextKeys];

/** Settings below `photoOrganizer`, without that prefix. */
export const settingIds = {
  name: 'name',
  exclude: 'exclude',
  similarity: 'duplicates.similarity',
  nodePath: 'daemon.nodePath',
  port: 'daemon.port',
  listen: 'daemon.listen',
  network: 'daemon.network',
  keepRunning: 'daemon.keepRunning',
  logLevel: 'daemon.logLevel',
} as const;
export const settingsPrefix = 'photoOrganizer';

/** `contextValue` of tree items: menus in package.json match on these. */
export const itemContexts = {
  peer: 'peer',
  year: 'year',
  month: 'month',
  /** A photo with a copy in this folder. */
  ownPhoto: 'photo.own',
  /** A photo that only other peers hold, one of them online. */
  remotePhoto: 'photo.remote',
  /** A photo that nobody who is online holds. */
  offlinePhoto: 'photo.offline',
  more: 'more',
  duplicateGroup: 'duplicateGroup',
  /** The best photo of a group of look-alikes: with a copy here, with other peers only, with nobody who is online. */
  ownKeeper: 'keeper.own',
  remoteKeeper: 'keeper.remote',
  offlineKeeper: 'keeper.offline',
  /** The same for the other photos of a group. */
  ownDuplicate: 'duplicate.own',
  remoteDuplicate: 'duplicate.remote',
  offlineDuplicate: 'duplicate.offline',
} as const;

/** `webviewSection` of a photo in the gallery: context menus in package.json match on it. */
export const gallerySection = 'photo';
