/** The extension for VS Code: its manifest says what the adapter understands, and the package opens. */

import { unzipSync, strFromU8 } from 'fflate';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAUNCH_ATTRIBUTES, readLaunch } from '../../src/dap/index.js';
import { root } from '../tidy/source.js';

interface Debugger {
  type: string;
  configurationAttributes: { launch: { properties: Record<string, { type: string; description: string }> } };
  initialConfigurations: Record<string, unknown>[];
  configurationSnippets: { body: Record<string, unknown> }[];
}

interface Manifest {
  version: string;
  main: string;
  activationEvents: string[];
  contributes: { debuggers: Debugger[]; breakpoints: { language: string }[] };
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('editors/vscode/package.json')) as Manifest;
const [debug] = manifest.contributes.debuggers;
const { launch } = debug!.configurationAttributes;

test('the attributes of a launch are those that the adapter reads, with their types', () => {
  expect(Object.fromEntries(Object.entries(launch.properties).map(([name, { type }]) => [name, type]))).toEqual(LAUNCH_ATTRIBUTES);
  expect(Object.values(launch.properties).every(({ description }) => description.length > 10)).toBe(true);
});

test('configurations and snippets are launches that the adapter accepts', () => {
  const ours = JSON.parse(read('.vscode/launch.json').replace(/^\s*\/\/.*$/gm, '')) as { configurations: Record<string, unknown>[] };
  const all = [...debug!.initialConfigurations, ...debug!.configurationSnippets.map(({ body }) => body), ...ours.configurations.filter(({ type }) => type === 'epollsim')];
  expect(all.length).toBeGreaterThan(4);
  for (const configuration of all) {
    expect(configuration).toMatchObject({ type: debug!.type, request: 'launch', name: expect.any(String) });
    expect(() => readLaunch(configuration)).not.toThrow();
    for (const name of Object.keys(configuration)) expect(['type', 'request', 'name', ...Object.keys(LAUNCH_ATTRIBUTES)]).toContain(name);
  }
});

test('the version is that of the package, and the type is the one that is registered', () => {
  expect(manifest.version).toBe((JSON.parse(read('package.json')) as Manifest).version);
  expect(manifest.activationEvents).toEqual([`onDebugResolve:${debug!.type}`]);
  expect(read('editors/vscode/extension.js')).toContain(`registerDebugAdapterDescriptorFactory('${debug!.type}'`);
});

test('the package opens and holds what its manifests name; twice packed it is the same', () => {
  const folder = mkdtempSync(join(tmpdir(), 'epollsim-vsix-'));
  const pack = (name: string): Buffer => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/extension.mjs'), join(folder, name)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    return readFileSync(join(folder, name));
  };
  const bytes = pack('a.vsix');
  expect(pack('b.vsix').equals(bytes)).toBe(true);
  rmSync(folder, { recursive: true });
  const files = unzipSync(bytes);
  const inside = JSON.parse(strFromU8(files['extension/package.json']!)) as Manifest;
  expect(inside).toEqual(manifest);
  expect(Object.keys(files)).toContain(`extension/${inside.main.replace('./', '')}`);
  const described = strFromU8(files['extension.vsixmanifest']!);
  expect(described).toContain('<Identity Language="en-US" Id="epollsim-vscode" Version="0.1.0" Publisher="epollsim"/>');
  for (const [, path] of described.matchAll(/Path="([^"]+)"/g)) expect(Object.keys(files)).toContain(path);
  const types = strFromU8(files['[Content_Types].xml']!);
  for (const name of Object.keys(files)) if (name !== '[Content_Types].xml') expect(types).toContain(`Extension="${name.slice(name.lastIndexOf('.'))}"`);
});
