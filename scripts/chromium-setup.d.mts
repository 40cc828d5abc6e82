/** CHROMIUM_PATH, else the first of `places` (default: the distribution's) that is there. */
export function findChromium(places?: readonly string[]): string | undefined;

/** The same; installs the distribution's package when there is none. Throws when that fails. */
export function ensureChromium(places?: readonly string[]): string;
