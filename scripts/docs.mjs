// Writes the generated pages of docs/ (kernel-map.md, facts.md, conformance.md, readiness.md, claims.md, herd.md): the tests that compare them write them instead. Then it builds the
// page, dist/site.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const jest = fileURLToPath(new URL('../node_modules/jest/bin/jest.js', import.meta.url));
const run = spawnSync(process.execPath, [jest, 'tests/facts.test.ts', 'tests/docs/kernel-map.test.ts', 'tests/docs/conformance.test.ts', 'tests/docs/readiness.test.ts', 'tests/docs/claims.test.ts', '-t', 'npm run docs writes it'], {
  cwd: root, stdio: 'inherit', env: { ...process.env, UPDATE_DOCS: '1' },
});
process.exitCode = run.status ?? 1;
if (process.exitCode === 0) await import('./web.mjs');
