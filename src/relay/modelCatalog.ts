import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { modelVersion, parseManifest, primaryFile, type Manifest } from '../detector/manifest.ts';
import { RelayError } from './errors.ts';

/** 'bundled' came with the package, 'own' lies in FORELABEL_HOME, 'folder' was named by its path. */
export type ModelOrigin = 'bundled' | 'own' | 'folder';

export interface ModelsFolder {
  readonly path: string;
  readonly origin: ModelOrigin;
}

export interface CatalogModel {
  readonly name: string;
  /** `<name>-<first 8 hex of the ONNX sha256>`. */
  readonly version: string;
  readonly origin: ModelOrigin;
  /** Absolute path of the folder that holds model.json. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface Catalog {
  /** Bundled ones first, then the user's own, newest first. */
  readonly models: readonly CatalogModel[];
  /** Folders that look like a model and are none, with the reason for people. */
  readonly problems: readonly { readonly folder: string; readonly message: string }[];
}

/** Every model in the given folders. A folder that does not exist counts as empty. */
export async function listModels(folders: readonly ModelsFolder[]): Promise<Catalog> {
  const models: CatalogModel[] = [];
  const problems: { folder: string; message: string }[] = [];
  for (const { path, origin } of folders) {
    const found: CatalogModel[] = [];
    for (const name of await subfolders(path)) {
      const folder = join(path, name);
      if (!(await isFile(join(folder, 'model.json')))) continue;
      try {
        found.push(await readModel(folder, origin));
      } catch (error) {
        problems.push({ folder, message: error instanceof Error ? error.message : String(error) });
      }
    }
    // ISO 8601 dates sort as text.
    models.push(...found.sort((a, b) => (a.manifest.lineage.date < b.manifest.lineage.date ? 1 : -1)));
  }
  return { models, problems };
}

/**
 * The model that a user means: a folder with a model.json, a version (`demo-face-1a2b3c4d`), or a name.
 * A name that several models share means the bundled one, else the newest.
 * Throws `RelayError` 'model-not-found' or 'model-invalid'.
 */
export async function resolveModel(
  nameOrFolder: string,
  folders: readonly ModelsFolder[],
): Promise<CatalogModel> {
  if (await isFile(join(nameOrFolder, 'model.json'))) return readModel(resolve(nameOrFolder), 'folder');
  const { models, problems } = await listModels(folders);
  const found = findModel(models, nameOrFolder);
  if (found) return found;
  const broken = problems.find(({ folder }) => basename(folder) === nameOrFolder);
  if (broken) throw new RelayError('model-invalid', broken.message);
  const known = models.map(({ name, origin, version }) => (origin === 'bundled' ? name : version));
  throw new RelayError(
    'model-not-found',
    `There is no model named "${nameOrFolder}", and it is no folder with a model.json. ` +
      (known.length > 0 ? `Choose one of: ${[...new Set(known)].join(', ')}.` : 'No model is installed.'),
  );
}

/** By version, then by the manifest's name, then by the name of its folder. */
export function findModel(models: readonly CatalogModel[], wanted: string): CatalogModel | undefined {
  return (
    models.find(({ version }) => version === wanted) ??
    models.find(({ name }) => name === wanted) ??
    models.find(({ folder }) => basename(folder) === wanted)
  );
}

async function readModel(folder: string, origin: ModelOrigin): Promise<CatalogModel> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
  } catch (cause) {
    throw new RelayError(
      'model-invalid',
      `${join(folder, 'model.json')} cannot be read as JSON. Export the model again, or restore the file.`,
      { cause },
    );
  }
  const manifest = parse(json, folder);
  const file = primaryFile(manifest);
  if (!(await isFile(join(folder, file.path)))) {
    throw new RelayError(
      'model-invalid',
      `${folder} has a model.json and lacks ${file.path}. Copy the whole folder, or export the model again.`,
    );
  }
  return { name: manifest.name, version: modelVersion(manifest), origin, folder, manifest };
}

function parse(json: unknown, folder: string): Manifest {
  try {
    return parseManifest(json);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RelayError('model-invalid', `${folder}: ${why}`, { cause });
  }
}

async function subfolders(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    // A link to a folder is welcome: models are large and people keep them elsewhere.
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch {
    return [];
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
