// Finds the command `epollsim` and starts `epollsim dap` for each session. All else is in the debug adapter.

'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');

/** The command of the settings, else that of the folder, else that of the path. */
function commandFor(folder) {
  const set = vscode.workspace.getConfiguration('epollsim', folder).get('command');
  if (set) return set;
  const local = folder === undefined ? null : join(folder.uri.fsPath, 'node_modules', '.bin', process.platform === 'win32' ? 'epollsim.cmd' : 'epollsim');
  return local !== null && existsSync(local) ? local : 'epollsim';
}

exports.activate = (context) => {
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory('epollsim', {
      createDebugAdapterDescriptor: ({ workspaceFolder }) => {
        const options = workspaceFolder === undefined ? {} : { cwd: workspaceFolder.uri.fsPath };
        return new vscode.DebugAdapterExecutable(commandFor(workspaceFolder), ['dap'], options);
      },
    }),
    vscode.debug.registerDebugConfigurationProvider('epollsim', {
      // F5 without a configuration: the scenario or the log that is open
      resolveDebugConfiguration: (folder, config) => {
        if (!config.type && !config.request && !config.name) {
          const document = vscode.window.activeTextEditor?.document;
          if (document === undefined) return undefined;
          const kind = /\.[cm]?js$/.test(document.fileName) ? 'scenario' : 'log';
          return { type: 'epollsim', request: 'launch', name: 'epollsim', [kind]: document.fileName };
        }
        return { ...(folder === undefined ? {} : { cwd: folder.uri.fsPath }), ...config };
      },
    }),
  );
};
