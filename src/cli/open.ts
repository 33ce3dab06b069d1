/**
 * `epollsim open`: serves the page on this machine only, and prints its address. It gives out the files of the page's folder and nothing else.
 */

import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseRecording } from '../scenario/index.js';
import { scenarioNamed, scenarios } from '../scenarios/index.js';
import { InputError } from './errors.js';
import { print } from './output.js';
import { settingsOf } from './settings.js';

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' };
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-cache',
};

/** Paths of the files in a folder, from its top: only these are given out. */
function pathsIn(folder: string): ReadonlySet<string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(folder, name)).isFile());
  return new Set(names.map((name) => `/${name.replaceAll('\\', '/')}`));
}

/**
 * Serves a folder on 127.0.0.1.
 * @param port 0: any that is free
 */
export function serve(folder: string, port: number): Promise<{ readonly server: Server; readonly address: string }> {
  const paths = pathsIn(folder);
  const server = createServer((request, response) => {
    const asked = (request.url ?? '/').replace(/[?#].*$/, '');
    const path = asked === '/' ? '/index.html' : asked;
    // a page of elsewhere that has its name lead to 127.0.0.1 is not answered
    const isHere = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '');
    if (!isHere || (request.method !== 'GET' && request.method !== 'HEAD') || !paths.has(path)) {
      response.writeHead(isHere ? 404 : 403, HEADERS).end();
      return;
    }
    response.writeHead(200, { ...HEADERS, 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' });
    if (request.method === 'HEAD') response.end();
    else createReadStream(join(folder, path)).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }));
  });
}

interface OpenOptions {
  readonly trigger?: string;
  readonly option?: readonly string[];
  readonly port: number;
}

/** The fragment that leads to what is asked for. */
export function fragmentFor(what: string | undefined, options: Omit<OpenOptions, 'port'>): string {
  if (what === undefined) return '';
  if (what.startsWith('epollsim1:')) {
    parseRecording(what);
    return `#${new URLSearchParams({ run: what }).toString()}`;
  }
  const scenario = scenarioNamed(what);
  if (scenario === null) throw new InputError(`there is no built-in scenario ${what}; expected one of ${scenarios.map(({ name }) => name).join(', ')}, or a recording`, 'The page runs what is built in; epollsim run takes files.');
  return `#${new URLSearchParams({ scenario: what, ...settingsOf(scenario, options) }).toString()}`;
}

/** Runs the command: it serves until it is interrupted. */
export async function openCommand(what: string | undefined, options: OpenOptions): Promise<void> {
  const fragment = fragmentFor(what, options);
  const folder = fileURLToPath(new URL('../site', import.meta.url));
  if (!existsSync(join(folder, 'index.html'))) throw new InputError('the page is not built', 'npm run docs builds it.');
  try {
    const { address } = await serve(folder, options.port);
    print(`${address}${fragment}`);
    print('Open it in a browser; Ctrl-C ends it.');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new InputError(`cannot listen on port ${options.port} of 127.0.0.1: ${message}`, 'Leave --port out to take one that is free.');
  }
}
