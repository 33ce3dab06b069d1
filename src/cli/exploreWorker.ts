/**
 * A worker thread of `epollsim explore`: makes the runs of one part of the search. Scenarios hold functions and cannot be sent, so a worker
 * finds its own by the same name.
 */

import { Exploration, type Searched } from '../explore/explore.js';
import type { Part } from '../explore/tree.js';
import { type ExploreArguments, exploreOptions } from './exploreOptions.js';
import { findScenario } from './load.js';

/** One part of a search. */
export interface Job {
  readonly name: string;
  readonly given: ExploreArguments;
  readonly part: Part;
}

/** Makes the runs of a part. */
export default async function work({ name, given, part }: Job): Promise<Searched> {
  const scenario = await findScenario(name);
  const exploration = new Exploration(scenario, { ...exploreOptions(scenario, given), part });
  exploration.go();
  const { seen, complete, odds } = exploration;
  return { seen, complete, odds };
}
