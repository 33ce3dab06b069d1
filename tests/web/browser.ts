/** The page in a real browser: built once, served by the command's own server, with everything noted that must not happen. */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { serve } from '../../src/cli/open.js';
import { root } from '../tidy/source.js';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser of this machine; undefined: there is none. */
export const executablePath = PLACES.find((path) => existsSync(path));

/** A built page and a browser that looks at it. */
export interface Site {
  readonly folder: string;
  readonly address: string;
  readonly browser: Browser;
  readonly page: Page;
  /** violations of the content-security policy, errors on the console, thrown errors, requests that leave */
  readonly faults: string[];
  close(): Promise<void>;
}

/** Notes what must not happen in a page. */
export async function watch(page: Page, faults: string[]): Promise<void> {
  page.setDefaultTimeout(30_000);
  page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`); });
  page.on('pageerror', (error) => faults.push(`thrown: ${error.message}`));
  page.on('request', (request) => { if (!/^(http:\/\/127\.0\.0\.1:|file:|data:|blob:)/.test(request.url())) faults.push(`request: ${request.url()}`); });
  await page.addInitScript("addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));");
}

/** Builds the page and opens a browser. */
export async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'epollsim-web-'));
  await promisify(execFile)(process.execPath, [join(root, 'scripts/web.mjs'), folder]);
  const { server, address }: { server: Server; address: string } = await serve(folder, 0);
  const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'] });
  const faults: string[] = [];
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce' });
  await watch(page, faults);
  return {
    folder, address, browser, page, faults,
    close: async (): Promise<void> => {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
      rmSync(folder, { recursive: true });
    },
  };
}
