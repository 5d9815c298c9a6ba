/** The window as it should be for people who look at our extension only, and for tests: nothing else asks for attention. */
export const quietSettings: Readonly<Record<string, unknown>> = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'workbench.colorTheme': 'Default Dark Modern',
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'extensions.webWorker': false,
  'update.mode': 'none',
  'git.enabled': false,
  'remote.autoForwardPorts': false,
};

/** Settings that make the window look as named. */
export const themes = {
  dark: { 'workbench.colorTheme': 'Default Dark Modern' },
  light: { 'workbench.colorTheme': 'Default Light Modern' },
  highContrast: { 'workbench.colorTheme': 'Default High Contrast' },
  highContrastLight: { 'workbench.colorTheme': 'Default High Contrast Light' },
} as const satisfies Record<string, Readonly<Record<string, unknown>>>;
export type Theme = keyof typeof themes;
