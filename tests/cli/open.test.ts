/** `epollsim open`: where it leads, and what its server gives out to whom. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fragmentFor, serve } from '../../src/cli/open.js';
import { startScenario } from '../../src/scenario/index.js';
import { readFragment } from '../../src/web/fragment.js';
import { scenarioNamed } from '../../src/scenarios/index.js';

test('a scenario with its options, or a recording, becomes a link that the page reads', () => {
  expect(fragmentFor(undefined, {})).toBe('');
  expect(readFragment(fragmentFor('read-once', { trigger: 'et' }))).toEqual({ scenario: 'read-once', options: { trigger: 'ET' }, recording: null, preempt: false, step: null });
  const { recording } = startScenario(scenarioNamed('herd')!, {}, { seed: 3 }).machine;
  expect(readFragment(fragmentFor(recording, {}))!.recording).toBe(recording);
  expect(() => fragmentFor('herds', {})).toThrow('there is no built-in scenario herds');
  expect(() => fragmentFor('epollsim1:x', {})).toThrow('a recording looks like');
  expect(() => fragmentFor('reactor-chat', { trigger: 'et' })).toThrow('reactor-chat has no --trigger');
});

test('the server gives out the files of its folder, on 127.0.0.1, to nobody who calls it by another name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'epollsim-open-'));
  mkdirSync(join(folder, 'site'));
  writeFileSync(join(folder, 'secret'), 'secret');
  writeFileSync(join(folder, 'site/index.html'), '<p>here</p>');
  const { server, address } = await serve(join(folder, 'site'), 0);
  const ask = (path: string, options: object = {}): Promise<{ status: number; body: string; policy: string }> => new Promise((resolve, reject) => {
    const { hostname, port } = new URL(address);
    request({ hostname, port, path, agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => { body += text; });
      response.on('end', () => resolve({ status: response.statusCode!, body, policy: String(response.headers['content-security-policy']) }));
    }).on('error', reject).end();
  });
  const page = await ask('/');
  expect([page.status, page.body]).toEqual([200, '<p>here</p>']);
  expect(page.policy).toContain("default-src 'none'");
  expect((await ask('/index.html?a#b')).status).toBe(200);
  expect((await ask('/../secret')).status).toBe(404);
  expect((await ask('/%2e%2e/secret')).status).toBe(404);
  expect((await ask('/', { method: 'POST' })).status).toBe(404);
  expect((await ask('/', { headers: { host: 'elsewhere.example' } })).status).toBe(403);
  expect((await ask('/', { method: 'HEAD' })).body).toBe('');
  expect(server.address()).toMatchObject({ address: '127.0.0.1' });
  await new Promise((resolve) => { server.close(resolve); });
  rmSync(folder, { recursive: true });
});
