/** The page and `<epoll-sim>` in a real browser: every control, the keyboard alone, links, logs, exports, and the same truth as in Node. */

import axe from 'axe-core';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Locator, Page } from 'playwright-core';
import { Session } from '../../src/debug/session.js';
import { scenarioSource } from '../../src/debug/source.js';
import type { Trace } from '../../src/kernel/trace.js';
import { startScenario } from '../../src/scenario/index.js';
import { scenarioNamed, scenarios } from '../../src/scenarios/index.js';
import { partText, pictureOf } from '../../src/web/picture.js';
import { root } from '../tidy/source.js';
import { executablePath, openSite, watch, type Site } from './browser.js';

if (executablePath === undefined) {
  process.stdout.write('no browser is installed: the page is not opened (Debian: apt-get install chromium)\n');
  // oxlint-disable-next-line jest/no-disabled-tests -- counted as skipped where no browser is installed
  test.skip('the page is not opened: no browser is installed', () => {});
} else {
  describe('the page', () => {
    let site: Site;
    let page: Page;
    let sim: Locator;
    const step = async (): Promise<number> => Number(/step (\d+)/.exec((await sim.locator('[data-where]').textContent())!)![1]);
    const sentence = async (): Promise<string> => (await sim.locator('[data-sentence]').first().textContent())!;
    const open = async (fragment: string): Promise<void> => {
      await page.goto('about:blank');
      await page.goto(`${site.address}${fragment}`);
      await sim.locator('[data-sentence], [role=alert]').first().waitFor();
    };
    const session = (name: string, options: Record<string, string> = {}): Session => new Session(scenarioSource(scenarioNamed(name)!, options));

    beforeAll(async () => {
      site = await openSite();
      page = site.page;
      sim = page.locator('epoll-sim');
    }, 120_000);
    afterAll(async () => site?.close());

    test('every button moves as the session of Node does', async () => {
      const s = session('read-once', { trigger: 'ET' });
      await open('#scenario=read-once&trigger=ET');
      const ways: readonly (readonly [string, () => number])[] = [
        ['ArrowRight', () => s.forward('event')], ['f', () => s.forward('function')], ['c', () => s.forward('call')], ['t', () => s.forward('task')],
        ['c', () => s.forward('call')], ['F', () => s.back('function')], ['C', () => s.back('call')], ['T', () => s.back('task')], ['End', () => s.goto(s.count - 1)],
        ['ArrowLeft', () => s.back('event')], ['Home', () => s.goto(0)],
      ];
      for (const [key, go] of ways) {
        await sim.locator(`[data-move="${key}"]`).click();
        expect([key, await step(), await sentence()]).toEqual([key, go(), s.sentence()]);
      }
      await sim.locator('.slider').fill('150');
      expect(await step()).toBe(150);
      await sim.locator('[data-control=play]').click();
      await sim.locator('[data-where]').filter({ hasNotText: 'step 150 ' }).waitFor();
      await sim.locator('[data-control=play]').click();
      const stopped = await step();
      expect(stopped).toBeGreaterThan(150);
      expect(await sim.locator('[data-control=play]').textContent()).toBe('Play');
    }, 60_000);

    test('the keyboard alone leads everywhere', async () => {
      const s = session('read-once', { trigger: 'ET' });
      await open('#scenario=read-once&trigger=ET');
      await sim.locator('section[tabindex]').focus();
      for (const key of ['ArrowRight', 'c', 'c', 't', 'f']) await page.keyboard.press(key);
      s.forward('event');
      s.forward('call');
      s.forward('call');
      s.forward('task');
      expect(await step()).toBe(s.forward('function'));
      await page.keyboard.press('v');
      expect(await sim.locator('.pane.list').count()).toBeGreaterThan(3);
      await page.keyboard.press('v');
      await page.keyboard.press('End');
      // at the very end all is closed: back to where the item is there
      for (s.goto(s.count - 1); s.state().view.items.length === 0; s.back('call')) await page.keyboard.press('C');
      expect(await step()).toBe(s.step);
      const item = sim.locator('article[data-path^="items/"] h4 button');
      await item.focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('x');
      expect(await sim.locator('[data-pane=chosen]').textContent()).toContain(s.whyNot(3).answer);
      await page.keyboard.press('l');
      expect(await step()).toBeLessThan(s.step);
    }, 60_000);

    test('a learner is told why the edge-triggered reader is told no more', async () => {
      const s = session('read-once', { trigger: 'ET' });
      const at = s.stepToAsk(3);
      await open(`#scenario=read-once&trigger=ET&t=${at}`);
      await sim.locator('[data-pane=objects] article[data-path^="pipes/"] h4 button').click();
      await sim.getByRole('button', { name: 'Why does none come?' }).click();
      const answer = await sim.locator('[data-pane=chosen]').textContent();
      expect(answer).toContain('its edge was told');
      expect(answer).toContain('4 bytes left unread');
      expect(await sim.locator('.links .missing').count()).toBe(1);
      await sim.locator('.links button').first().click();
      expect(await step()).toBe(s.whyNot(3, at).links[0]!.step);
      await sim.getByRole('button', { name: 'Why did an event of fd 3 come?' }).click();
      expect(await sim.locator('[data-pane=chosen]').textContent()).toContain('wrote to pipe');
    }, 60_000);

    test('an object tells when it changed last and when it changes next', async () => {
      const s = session('read-once');
      await open('#scenario=read-once&t=200');
      const ep = s.viewAt(200).eventpolls[0]!;
      await sim.locator(`.part[data-path="eventpolls/${ep.id}/rdllist"] > button`).click();
      s.goto(200);
      await sim.getByRole('button', { name: 'Last change' }).click();
      expect(await step()).toBe(s.lastChange(`${ep.name}.rdllist`));
      expect(await sim.locator(`.part[data-path="eventpolls/${ep.id}/rdllist"]`).getAttribute('class')).toContain('changed');
      await sim.getByRole('button', { name: 'Next change' }).click();
      expect(await step()).toBe(s.nextChange(`${ep.name}.rdllist`));
    }, 60_000);

    test('lists, tree and queues are drawn as the view has them, and the list view says the same', async () => {
      const s = session('during-scan');
      s.continue({ kind: 'when', holds: (at) => (s.viewAt(at).eventpolls[0]?.ovflist?.length ?? 0) > 0 });
      await open(`#scenario=during-scan&t=${s.step}`);
      const { view } = s.state();
      const ep = view.eventpolls[0]!;
      const fds = (items: readonly number[] | null): string[] => (items ?? []).map((id) => `fd ${view.items.find((item) => item.id === id)!.fd}`);
      for (const list of ['rdllist', 'txlist', 'ovflist'] as const) {
        expect([list, await sim.locator(`.part[data-path="eventpolls/${ep.id}/${list}"] .chain li > span`).allTextContents()]).toEqual([list, fds(ep[list])]);
      }
      expect(await sim.locator('.tree .node text').allTextContents()).toEqual(view.items.filter((item) => item.ep === ep.id).map((item) => String(item.fd)).sort((a, b) => Number(a) - Number(b)));
      const drawn = await sim.locator('[data-path]').evaluateAll((all) => all.map((one) => one.getAttribute('data-path')));
      await sim.locator('[data-control=list]').click();
      expect(await sim.locator('.pane.list [data-path]').evaluateAll((all) => all.map((one) => one.getAttribute('data-path')))).toEqual(drawn);
      const said = await sim.locator('.pane.list').allTextContents();
      for (const part of pictureOf(view).flatMap(({ boxes }) => boxes.flatMap(({ parts }) => parts))) expect(said.join('\n')).toContain(partText(part));
    }, 60_000);

    test('a link brings run, decisions and position back', async () => {
      await open('#scenario=herd');
      await sim.locator('[data-control=preempt]').check();
      await sim.locator('[data-pane=decisions] summary').click();
      await sim.locator('[data-decision] button[aria-label^="take"]:not([disabled])').first().click();
      expect(await sim.locator('[data-pane=decisions] summary').textContent()).toContain('2 branches');
      await sim.locator('[data-move=t]').click();
      const before = [await step(), await sentence()];
      await sim.locator('[data-control=link]').click();
      const link = await sim.locator('[data-kept]').inputValue();
      expect(link).toContain('#run=epollsim1');
      await open(new URL(link).hash);
      expect([await step(), await sentence()]).toEqual(before);
      await page.goto(`${site.address}#scenario=oneshot&t=7`);
      await sim.getByRole('heading', { level: 2 }).filter({ hasText: scenarioNamed('oneshot')!.title }).waitFor();
      expect(await step()).toBe(7);
    }, 60_000);

    test('level- and edge-triggered stand side by side, with the call at which they part', async () => {
      await open('#scenario=read-once');
      await sim.locator('[data-control=compare]').selectOption('trigger=ET');
      expect(await sim.locator('[data-parting]').textContent()).toContain('EPOLLIN|EPOLLET');
      await sim.getByRole('button', { name: 'Go there' }).click();
      expect(await sim.locator('[data-beside] [data-pane=epoll]').textContent()).toContain('EPOLLET');
      await sim.locator('[data-control=compare]').selectOption('');
      expect(await sim.locator('[data-beside]').count()).toBe(0);
      await sim.locator('[data-control=trigger]').selectOption('ET');
      expect(await sim.locator('[data-pane=epoll]').count()).toBe(1);
      await sim.locator('[data-control=scenario]').selectOption('echo');
      await sim.getByRole('heading', { level: 2 }).filter({ hasText: scenarioNamed('echo')!.title }).waitFor();
      await sim.locator('[data-pane=segments] button').first().click();
      expect(await sim.locator('[data-pane=segments]').textContent()).toContain('SYN');
    }, 60_000);

    test('a prediction is asked for and checked', async () => {
      await open('#scenario=read-once&trigger=ET');
      await sim.locator('[data-control=predict]').check();
      await sim.locator('[data-move=End]').click();
      await sim.getByRole('checkbox', { name: 'EPOLLIN', exact: true }).check();
      await sim.getByRole('button', { name: 'Check' }).click();
      expect(await sim.locator('.ask').textContent()).toBe('Right: epoll_wait reports fd 3 with EPOLLIN.');
      await sim.locator('[data-move=End]').click();
      await sim.getByRole('button', { name: 'Check' }).click();
      expect(await sim.locator('.ask').textContent()).toBe('Not so: epoll_wait reports fd 3 with EPOLLIN.');
      await sim.locator('[data-move=End]').click();
      await sim.getByRole('button', { name: 'Show me' }).click();
      await sim.locator('[data-move=End]').click();
      expect(await sim.locator('.ask').count()).toBe(0);
    }, 60_000);

    test('a run is kept as a picture, as a diagram, as a recording', async () => {
      await open('#scenario=echo');
      for (const [kind, begins, file] of [['svg', '<svg ', 'epollsim.svg'], ['mermaid', 'sequenceDiagram', 'epollsim.mmd'], ['recording', 'epollsim1:echo', 'epollsim.txt']] as const) {
        await sim.locator(`[data-export=${kind}]`).click();
        const text = await sim.locator('[data-kept]').inputValue();
        expect(text.startsWith(begins)).toBe(true);
        const [download] = await Promise.all([page.waitForEvent('download'), sim.getByRole('link', { name: 'Save as a file' }).click()]);
        expect(download.suggestedFilename()).toBe(file);
        expect(readFileSync(await download.path(), 'utf8').trim()).toBe(text.trim());
      }
    }, 60_000);

    test('a page of file: works whole: a log is pasted and stepped through, a torn one is told of', async () => {
      const mine = await site.browser.newPage();
      await watch(mine, site.faults);
      await mine.goto(`file://${site.folder}/index.html#scenario=read-once&t=9`);
      const here = mine.locator('epoll-sim');
      await here.locator('[data-sentence]').waitFor();
      await here.locator('[data-pane=log] summary').click();
      await here.locator('[data-control=log]').fill('<script>alert(1)</script>');
      await here.getByRole('button', { name: 'Replay it' }).click();
      expect(await here.locator('[role=alert]').textContent()).toContain('pasted log');
      const log = '10 1700000000.000000 eventfd2(0, 0) = 3<anon_inode:[eventfd]> <0.000010>\n10 1700000000.000100 write(3<anon_inode:[eventfd]>, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8 <0.000010>\n';
      await here.locator('[data-control=log]').fill(log);
      await here.getByRole('button', { name: 'Replay it' }).click();
      await here.getByRole('heading', { name: 'pasted log', exact: true }).waitFor();
      await here.locator('[data-move=End]').click();
      expect(await here.locator('[data-pane=calls]').textContent()).toContain('eventfd2(0, 0)');
      expect(await here.locator('[data-pane=objects]').textContent()).toContain('counter');
      await mine.close();
    }, 60_000);

    test('the three lines of docs/embedding.md show a run', async () => {
      const [, lines] = /```html\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/embedding.md'), 'utf8'))!;
      const mine = await site.browser.newPage();
      await watch(mine, site.faults);
      await mine.route('**/lesson.html', (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html>${lines}` }));
      await mine.goto(`${site.address}lesson.html`);
      expect(await mine.locator('epoll-sim [data-where]').textContent()).toContain('step 150 ');
      expect(await mine.locator('epoll-sim [data-pane=epoll]').textContent()).toContain('EPOLLET');
      await mine.close();
    }, 60_000);

    test('the modules load what reads logs only when a log is pasted', async () => {
      const asked: string[] = [];
      const mine = await site.browser.newPage();
      await watch(mine, site.faults);
      mine.on('request', (request) => asked.push(request.url()));
      await mine.route('**/modules.html', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><script type="module" src="esm/epoll-sim.js"></script><epoll-sim read-only trigger="ET" panes="epoll calls" at="150"></epoll-sim>' }));
      await mine.goto(`${site.address}modules.html`);
      const here = mine.locator('epoll-sim');
      await here.locator('[data-sentence]').waitFor();
      expect(await here.locator('[data-where]').textContent()).toContain('step 150 ');
      expect(await here.locator('.pane[data-pane=epoll], .pane[data-pane=calls], .pane[data-pane=tasks]').count()).toBe(2);
      expect(await here.locator('select').count()).toBe(0);
      expect(asked.some((url) => url.includes('logSource'))).toBe(false);
      await mine.close();
    }, 60_000);

    test('a torn or hostile link gives a message and nothing else', async () => {
      for (const [fragment, message] of [['#scenario=%3Cimg%20src=x%20onerror=alert(1)%3E', 'there is no scenario'], ['#t=3', 'torn'], ['#run=epollsim1:read-once', 'a recording looks like'], ['#scenario=read-once&trigger=XX', 'trigger']]) {
        await open(fragment!);
        expect(await sim.locator('[role=alert]').textContent()).toContain(message);
      }
      await sim.locator('[data-control=scenario]').selectOption('herd');
      await sim.locator('[data-sentence]').waitFor();
      expect(await sim.locator('[role=alert]').count()).toBe(0);
    }, 60_000);

    test('axe finds nothing, light and dark, drawn and listed, wide and on a phone', async () => {
      for (const [colorScheme, width, control] of [['light', 1200, null], ['dark', 360, 'list']] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 800 });
        await open('#scenario=echo&t=400');
        if (control !== null) await sim.locator(`[data-control=${control}]`).click();
        await page.evaluate(axe.source);
        const found = await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 120)} ${failureSummary}`).join("; ")}`))');
        expect(found).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      }
      await page.setViewportSize({ width: 1200, height: 900 });
    }, 60_000);

    test('every built-in scenario has the same trace in the browser as in Node, byte for byte', async () => {
      await open('');
      const there = await page.evaluate(`(async () => {
        const sim = document.querySelector('epoll-sim');
        sim.panes = 'tasks';
        const out = {};
        for (const name of ${JSON.stringify(scenarios.map(({ name }) => name))}) {
          Object.assign(sim, { scenario: name, options: '', trigger: '' });
          await sim.updateComplete;
          const { trace, count } = sim.session.run;
          const rows = [];
          for (let step = 0; step < count; step++) rows.push(...trace.row(step));
          const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Int32Array.from(rows)));
          out[name] = count + ' ' + [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
        }
        return out;
      })()`);
      const digestOf = (trace: Trace): string => {
        const rows: number[] = [];
        for (let at = 0; at < trace.count; at++) rows.push(...trace.row(at));
        return `${trace.count} ${createHash('sha256').update(new Uint8Array(Int32Array.from(rows).buffer)).digest('hex')}`;
      };
      const here = Object.fromEntries(scenarios.map((scenario) => {
        const { machine } = startScenario(scenario, {}, { trace: true });
        while (typeof machine.step() !== 'string') { /* to the end */ }
        return [scenario.name, digestOf(machine.kernel.trace!)];
      }));
      expect(there).toEqual(here);
    }, 120_000);

    test('the component is as big as it is said to be', () => {
      const size = (name: string): number => gzipSync(readFileSync(join(site.folder, name)), { level: 9 }).length;
      expect(size('epoll-sim.js')).toBeLessThan(245_000);
    });

    test('nothing went wrong on the way: no policy violation, no error, no request that leaves', () => {
      expect(site.faults).toEqual([]);
    });
  });
}
