/**
 * Options of a scenario as the command line gives them: `--trigger et`, `--option name=value`.
 */

import type { Scenario } from '../scenario/index.js';
import { InputError } from './errors.js';

/** The options that the command line gives, unchecked: the scenario knows its values. */
export function settingsOf(scenario: Scenario, given: { readonly trigger?: string; readonly option?: readonly string[] }): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const setting of given.option ?? []) {
    const [name = '', value] = setting.split('=');
    if (value === undefined) throw new InputError(`--option ${setting} has no value; expected name=value`, 'epollsim list shows the options of each scenario.');
    settings[name] = value;
  }
  if (given.trigger === undefined) return settings;
  if (scenario.options?.['trigger'] === undefined) throw new InputError(`${scenario.name} has no --trigger: it does not depend on it`, 'epollsim list shows the options of each scenario.');
  return { ...settings, trigger: given.trigger.toUpperCase() };
}
