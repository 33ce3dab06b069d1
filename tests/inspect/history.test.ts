/**
 * The history of a run: its views are those that an inspector sees while the run goes on, at every row of the trace.
 */

import { AF_INET, machine, type Machine, type MachineView, scenarios, SOCK_STREAM, startScenario } from 'epollsim';
import { History } from '../../src/inspect/history.js';
import { Inspector } from '../../src/inspect/inspector.js';

/** A traced run with a history, and the view that was taken at each row. */
function watched(name: string, options: Record<string, string> = {}, seed?: number) {
  const scenario = scenarios.find((one) => one.name === name)!;
  return watch(startScenario(scenario, options, { trace: true, ...(seed === undefined ? {} : { seed }) }).machine);
}

function watch(machine: Machine) {
  const k = machine.kernel;
  const history = new History(k);
  const inspector = new Inspector(k);
  const views: MachineView[] = [];
  const note = k.trace!.watcher!;
  k.trace!.watcher = () => {
    note();
    views.push(k.world.hosts.some(({ spinlocks_held }) => spinlocks_held > 0) ? withoutMasks(inspector.view()) : inspector.view());
  };
  machine.run();
  return { machine, history, views, k };
}

/** Inside a spinlock masks cannot be asked for: the history tells the last ones that were known. */
function withoutMasks(view: MachineView): MachineView {
  const hidden = view.files.map((file) => ({ ...file, mask: null }));
  return { ...view, files: hidden, hosts: view.hosts.map((host) => ({ ...host, files: hidden.filter(({ id }) => host.files.some((file) => file.id === id)) })) };
}

const same = (history: History, views: readonly MachineView[], step: number): void => {
  const wanted = views[step]!;
  const masksKnown = wanted.files.some(({ mask }) => mask !== null);
  const got = history.view(step);
  expect(masksKnown ? got : withoutMasks(got)).toEqual(masksKnown ? wanted : withoutMasks(wanted));
};

describe('the history of a run', () => {
  test.each(['echo', 'during-scan', 'signal-wait', 'herd'])('has the state of %s at every row, whichever is asked for first', (name) => {
    const { history, views, k } = watched(name);
    expect(history.count).toBe(k.trace!.count);
    expect(views).toHaveLength(history.count);
    for (let step = 0; step < views.length; step += 7) same(history, views, step);
    for (let step = views.length - 1; step >= 0; step -= 3) same(history, views, step);
  });

  test('a machine of several hosts: each host has its own things at every row', () => {
    const m = machine({ trace: true });
    const a = m.host('a', { address: '10.0.0.1' });
    const b = m.host('b', { address: '10.0.0.2' });
    m.link(a, b, { delayMs: 1 });
    a.process('server', function* (sys) {
      const listener = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.bind(listener, { port: 80, host: '10.0.0.1' });
      yield* sys.listen(listener, 8);
      const fd = yield* sys.accept(listener);
      yield* sys.read(fd, 8);
    });
    b.process('client', function* (sys) {
      const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.connect(fd, { port: 80, host: '10.0.0.1' });
      yield* sys.write(fd, 'hello');
    });
    const { history, views } = watch(m);
    expect(views.at(-1)!.hosts.map(({ name }) => name)).toEqual(['a', 'b']);
    for (let step = 0; step < views.length; step += 3) same(history, views, step);
  });

  test('watching does not change the run', () => {
    const scenario = scenarios.find(({ name }) => name === 'echo')!;
    const plain = startScenario(scenario, {}, { trace: true, seed: 3 });
    plain.run();
    const { k, machine } = watched('echo', {}, 3);
    const other = plain.machine.kernel.trace!;
    expect(k.trace!.count).toBe(other.count);
    for (let step = 0; step < other.count; step++) expect(k.trace!.row(step)).toEqual(other.row(step));
    expect(machine.recording).toBe(plain.machine.recording);
  });

  test('the last and the next change of a part are found by looking at a few entries', () => {
    const { history, views } = watched('during-scan');
    const ep = views.at(-1)!.eventpolls[0] ?? views.find(({ eventpolls }) => eventpolls.length > 0)!.eventpolls[0]!;
    const path = `eventpolls/${ep.id}/ovflist`;
    const value = (step: number): unknown => views[step]!.eventpolls.find(({ id }) => id === ep.id)?.ovflist;
    const wanted: number[] = [];
    for (let step = 1; step < views.length; step++) if (JSON.stringify(value(step)) !== JSON.stringify(value(step - 1))) wanted.push(step);
    const found: number[] = [];
    for (let step = history.nextChange(path, 0); step !== null; step = history.nextChange(path, step)) found.push(step);
    expect(found).toEqual(wanted);
    expect(wanted.length).toBeGreaterThan(3);
    const back: number[] = [];
    for (let step = history.lastChange(path, views.length); step !== null; step = history.lastChange(path, step - 1)) back.push(step);
    expect(back.reverse()).toEqual(wanted);
    const before = history.work.looks;
    history.lastChange(path, views.length - 1);
    expect(history.work.looks - before).toBeLessThan(40);
  });

  test('a step costs at most the changes and rows since the last whole view', () => {
    const { history } = watched('slow-reader');
    for (let step = history.count - 1; step > 0; step -= 101) {
      const { changes, rows } = history.work;
      history.view(step);
      expect(history.work.rows - rows).toBeLessThan(600);
      expect(history.work.changes - changes).toBeLessThan(3000);
    }
  });
});
