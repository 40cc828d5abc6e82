import { FormatError } from './writer.ts';

/**
 * A path for use inside a folder or a zip: relative, '/' only, no '..', no drive. A result unpacked elsewhere
 * must not write outside its folder, whatever the images were called.
 */
export function safePath(file: string): string {
  const parts = file
    .replaceAll('\\', '/')
    .replace(/^[A-Za-z]:\//u, '')
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..');
  return parts.length === 0 ? 'image' : parts.join('/');
}

/** Without the ending: 'a/b.tar.png' -> 'a/b.tar'. */
export function withoutEnding(path: string): string {
  return path.replace(/(?<=[^/])\.[^./]+$/u, '');
}

/** Gives `<folder>/<image path without ending><ending>`, and refuses to give the same path twice. */
export function labelPaths(folder: string, ending: string): (file: string) => string {
  const given = new Map<string, string>();
  return (file) => {
    const path = `${folder}/${withoutEnding(safePath(file))}${ending}`;
    // Folders on most desktops do not tell capitals apart.
    const earlier = given.get(path.toLowerCase());
    if (earlier !== undefined) {
      throw new FormatError(
        'name-collision',
        `${earlier} and ${file} would share the label file ${path}. Rename one of the images, or choose a format with one file for all.`,
      );
    }
    given.set(path.toLowerCase(), file);
    return path;
  };
}
