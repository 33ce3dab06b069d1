/**
 * The hosts and links that a scenario declares: put on a machine, and at hand for its programs, which may cut and mend them.
 */

import { ScenarioError } from './errors.js';
import { show } from './expect.js';
import type { Host, HostOptions } from './host.js';
import type { Link, LinkOptions } from './link.js';
import type { Machine } from './machine.js';

/** A link of a scenario: what it is like, and which hosts it joins. */
export interface LinkDeclaration extends LinkOptions {
  readonly between: readonly [string, string];
}

/** What stands around the programs of a scenario. */
export interface NetworkDeclaration {
  /** hosts by name: `{ server: { address: '10.0.0.1' } }` */
  readonly hosts: Readonly<Record<string, HostOptions>>;
  /** links by name: `{ cable: { between: ['server', 'client'], delayMs: 5 } }` */
  readonly links?: Readonly<Record<string, LinkDeclaration>>;
}

/** The hosts and links of a run. */
export class Network {
  private readonly machine: Machine;
  private readonly links = new Map<string, Link>();

  constructor(machine: Machine, declared: NetworkDeclaration | undefined) {
    this.machine = machine;
    for (const [name, options] of Object.entries(declared?.hosts ?? {})) machine.host(name, options);
    for (const [name, options] of Object.entries(declared?.links ?? {})) {
      if (!Array.isArray(options.between) || options.between.length !== 2) throw new ScenarioError(`the link ${name} is between ${show(options.between)}; expected the names of two hosts`);
      const [a, b] = options.between;
      this.links.set(name, machine.link(this.host(a), this.host(b), options));
    }
  }

  /** A host by its name. */
  host(name: string): Host {
    const host = this.machine.hosts.find((each) => each.name === name);
    if (host !== undefined) return host;
    const names = this.machine.hosts.map((each) => each.name);
    throw new ScenarioError(`there is no host ${name}; ${names.length === 0 ? 'the scenario has none' : `there are ${names.join(', ')}`}`);
  }

  /** A link by its name: `net.link('cable').cut()`. */
  link(name: string): Link {
    const link = this.links.get(name);
    if (link !== undefined) return link;
    throw new ScenarioError(`there is no link ${name}; ${this.links.size === 0 ? 'the scenario has none' : `there are ${[...this.links.keys()].join(', ')}`}`);
  }

  /** Does something at an instant: `net.at(500, () => net.link('cable').cut())`. @param ms milliseconds since the machine started */
  at(ms: number, what: () => void): void {
    this.machine.at(ms, what);
  }
}
