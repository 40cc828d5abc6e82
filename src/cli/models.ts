import { modelsFolders } from '../relay/home.ts';
import { listModels } from '../relay/modelCatalog.ts';
import { metricsText } from './jobWatch.ts';
import { readOptions } from './readOptions.ts';

const options = { json: { type: 'boolean', default: false } } as const;

/** `forelabel models`: what --model takes, newest first, on stdout. Broken ones are named on stderr. */
export async function runModels(args: readonly string[]): Promise<0> {
  const { values } = readOptions(args, options, 'See "forelabel help models".');
  const { models: found, problems } = await listModels(modelsFolders());
  const models = found.toSorted((a, b) => b.manifest.lineage.date.localeCompare(a.manifest.lineage.date));
  if (values.json) {
    const rows = models.map(({ name, version, origin, folder, manifest }) => {
      const { classes, files, lineage } = manifest;
      const { parent, metrics, date } = lineage;
      return { name, version, origin, dir: folder, classes, parent, metrics, date, files, lineage };
    });
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  } else if (models.length === 0) {
    process.stdout.write('No models are installed.\n');
  } else {
    for (const { version, origin, folder, manifest } of models) {
      const { parent, metrics, date } = manifest.lineage;
      const facts = [
        date.slice(0, 10),
        ...(Object.keys(metrics).length === 0 ? [] : [metricsText(metrics)]),
        ...(parent === null ? [] : [`from ${parent}`]),
      ];
      process.stdout.write(`${version}  (${origin})  ${manifest.classes.join(', ')}\n`);
      process.stdout.write(`  ${facts.join(', ')}\n  ${folder}\n`);
    }
  }
  for (const { message } of problems) process.stderr.write(`Left out: ${message}\n`);
  return 0;
}
