/** The layers of docs/architecture.md: who may know whom. */
const only = (from, ...allowed) => ({
  name: `${from}-knows-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [from, ...allowed].map((folder) => `^src/${folder}/`) },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    only('detector'),
    only('training'),
    only('serviceWorker'),
    only('ui'),
    only('panel', 'ui', 'prelabel', 'engine', 'labelstudio', 'store', 'detector'),
    only('engine', 'detector'),
    only('labelstudio', 'detector'),
    only('store', 'detector', 'engine', 'labelstudio'),
    only('prelabel', 'engine', 'labelstudio', 'store', 'detector'),
    only('formats', 'labelstudio', 'detector'),
    only('evaluate', 'labelstudio', 'detector'),
    {
      name: 'nothing-imports-app',
      severity: 'error',
      from: { pathNot: '^src/app/' },
      to: { path: '^src/app/' },
    },
    {
      name: 'worker-knows-no-page',
      severity: 'error',
      from: { path: '^src/engine/worker/' },
      to: { path: '^src/(engine/(client|native)|app|store)/' },
    },
    {
      name: 'page-knows-no-node',
      severity: 'error',
      from: { path: '^src/(app|store|panel|ui)/' },
      to: { path: '^src/(engine/native|relay|cli)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
