/**
 * A scenario: a short story of programs that shows one thing, with the expectations that hold in it. The package has some of its own, and
 * a file of a user may hold one as its default export.
 */

import { EPOLLET } from '../epoll/eventpoll.js';
import { ScenarioError } from './errors.js';
import { show } from './expect.js';
import { Machine, type MachineOptions, type Outcome, SYSCTL } from './machine.js';
import { Network, type NetworkDeclaration } from './network.js';
import { parseRecording } from './recording.js';
import type { Program } from './sys.js';

/** What a run of a scenario was asked for. */
export interface ScenarioOptions {
  /** every option of the scenario with its value */
  readonly [name: string]: string;
}

/** The programs of one host, by name; they start in this order. */
export type HostPrograms = Readonly<Record<string, Program>>;

/** The programs of a scenario, by name; they start in this order. Those of a host stand under its name: `{ server: { *main(sys) { ... } } }`. */
export type Programs = Readonly<Record<string, Program | HostPrograms>>;

/** A scenario. */
export interface Scenario {
  /** short, of lower case letters, digits and hyphens */
  readonly name: string;
  /** what it shows, in one sentence */
  readonly title: string;
  /** a paragraph that teaches what is to be seen, and why it is so */
  readonly about: string;
  /** options and their values, the default first: `{ trigger: ['LT', 'ET'] }` */
  readonly options?: Readonly<Record<string, readonly string[]>>;
  /** options that take any text, with their defaults: what a run is to work on, where there are too many to name */
  readonly inputs?: Readonly<Record<string, string>>;
  /**
   * Programs share JavaScript variables that one of them changes while another may look at them; default true. With false, a search may
   * leave out runs that differ only in when programs compute. What a task writes before it starts another one is not shared in this sense.
   */
  readonly shares?: boolean;
  /** hosts and links, for a story of several computers; default: one host that needs no name */
  readonly network?: (options: ScenarioOptions) => NetworkDeclaration;
  /** makes the programs of one run; variables inside are shared by them, as memory is */
  readonly programs: (options: ScenarioOptions, net: Network) => Programs;
  /** what holds after the run, beside what the programs expect: `m.expect(...)` */
  readonly after?: (m: Machine, options: ScenarioOptions, outcome: Outcome) => void;
}

/** EPOLLET for `trigger: 'ET'`, 0 for `LT`: `events: EPOLLIN | edge(options)`. */
export function edge(options: ScenarioOptions): number {
  return options['trigger'] === 'ET' ? EPOLLET : 0;
}

function complain(name: unknown, what: string): never {
  const who = typeof name === 'string' ? `the scenario ${JSON.stringify(name)}` : 'the scenario';
  throw new ScenarioError(`${who} ${what}`);
}

/** Gives back `value` as a scenario, or throws a ScenarioError that says what is missing. */
export function asScenario(value: unknown): Scenario {
  if (typeof value !== 'object' || value === null) throw new ScenarioError(`a scenario is an object { name, title, about, programs }, but this is ${show(value)}`);
  const { name, title, about, options, network, programs, after } = value as Record<string, unknown>;
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]*$/.test(name)) complain(name, `needs a name of lower case letters, digits and hyphens, but name is ${show(name)}`);
  if (typeof title !== 'string') complain(name, `needs a title, one sentence, but title is ${show(title)}`);
  if (typeof about !== 'string') complain(name, `needs a paragraph about what it shows, but about is ${show(about)}`);
  if (typeof programs !== 'function') complain(name, `needs programs, a function that gives { name: generator function }, but programs is ${show(programs)}`);
  if (network !== undefined && typeof network !== 'function') complain(name, `has a network that is not a function but ${show(network)}; expected one that gives { hosts, links }`);
  if (after !== undefined && typeof after !== 'function') complain(name, `has an after that is not a function but ${show(after)}`);
  const lists = options === undefined ? [] : Object.entries(options as object);
  for (const [option, values] of lists) {
    if (!Array.isArray(values) || values.length === 0 || values.some((text) => typeof text !== 'string')) {
      complain(name, `has the option ${option} with the values ${show(values)}; expected a list of texts, the default first`);
    }
  }
  return value as Scenario;
}

/** The options of a run: the given ones, checked, and the defaults for the rest. */
export function optionsOf(scenario: Scenario, given: Readonly<Record<string, string>>): ScenarioOptions {
  const known = scenario.options ?? {};
  const inputs = scenario.inputs ?? {};
  const options: Record<string, string> = { ...inputs };
  for (const [name, values] of Object.entries(known)) options[name] = values[0]!;
  for (const [name, value] of Object.entries(given)) {
    if (name in inputs) {
      options[name] = value;
      continue;
    }
    const values = known[name];
    if (values === undefined) {
      const names = [...Object.keys(known), ...Object.keys(inputs)];
      throw new ScenarioError(`${scenario.name} has no option ${name}; ${names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`}`);
    }
    if (!values.includes(value)) throw new ScenarioError(`${scenario.name}: ${name} can be ${values.join(' or ')}, not ${value}`);
    options[name] = value;
  }
  return options;
}

/** A scenario that is ready to run. */
export class Story {
  readonly scenario: Scenario;
  readonly options: ScenarioOptions;
  readonly machine: Machine;

  constructor(scenario: Scenario, options: ScenarioOptions, machine: Machine) {
    this.scenario = scenario;
    this.options = options;
    this.machine = machine;
  }

  /** Runs it to the end, with what holds afterwards. */
  run(): Outcome {
    return this.conclude(this.machine.run());
  }

  /** Checks what holds after a run that was made step by step. */
  conclude(outcome: Outcome): Outcome {
    this.scenario.after?.(this.machine, this.options, outcome);
    return { ...outcome, failures: this.machine.failures, expectations: this.machine.expectations };
  }
}

/**
 * Puts a scenario on a machine.
 * @param given options of the scenario: `{ trigger: 'ET' }`
 */
export function startScenario(scenario: Scenario, given: Readonly<Record<string, string>> = {}, machineOptions: Omit<MachineOptions, 'scenario'> = {}): Story {
  const options = optionsOf(asScenario(scenario), given);
  const m = new Machine({ ...machineOptions, scenario: { name: scenario.name, options } });
  const net = new Network(m, scenario.network?.(options));
  const programs: unknown = scenario.programs(options, net);
  if (typeof programs !== 'object' || programs === null || Object.keys(programs).length === 0) {
    complain(scenario.name, `has no program: programs() gave ${show(programs)}; expected { name: generator function }`);
  }
  for (const [name, what] of Object.entries(programs as Programs)) {
    if (typeof what !== 'object' || what === null) m.process(name, what);
    else for (const [each, program] of Object.entries(what)) net.host(name).process(each, program);
  }
  return new Story(scenario, options, m);
}

/** Runs a scenario to its end. */
export function runScenario(scenario: Scenario, given: Readonly<Record<string, string>> = {}, machineOptions: Omit<MachineOptions, 'scenario'> = {}): Outcome {
  return startScenario(scenario, given, machineOptions).run();
}

/**
 * The run of a recording again, byte for byte, ready to be run or stepped through.
 * @param recording a string that `m.recording` gave
 * @param scenario the one it is a recording of
 */
export function replayScenario(recording: string, scenario: Scenario, machineOptions: Omit<MachineOptions, 'scenario' | 'recording'> = {}): Story {
  const { scenario: name, options } = parseRecording(recording);
  if (name !== scenario.name) throw new ScenarioError(`this is a recording of ${name === '' ? 'a machine without scenario' : name}, not of ${scenario.name}`);
  const own = Object.fromEntries(Object.entries(options).filter(([option]) => !option.startsWith(SYSCTL)));
  return startScenario(scenario, own, { ...machineOptions, recording });
}
