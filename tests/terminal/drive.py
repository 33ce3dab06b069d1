"""Runs a command on a pseudo terminal: waits for texts, presses keys, changes the size.

Reads JSON from standard input: {"command": [...], "rows": n, "columns": n, "steps": [{"wait": text} | {"press": keys} | {"size": [rows, columns]}]}.
Prints JSON: {"exit": code, "raw": all output, "missed": the text that did not come, or null}.
"""

import fcntl, json, os, pty, re, select, struct, sys, termios, time

PATIENCE = 60

asked = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(asked["command"][0], asked["command"])


def resize(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read():
    """What has come, b'' for nothing yet; None when the command is gone."""
    ready, _, _ = select.select([terminal], [], [], 0.1)
    if not ready:
        return b""
    try:
        return os.read(terminal, 65536) or None
    except OSError:
        return None


def plain(output):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output.decode("utf8", "replace"))


resize(asked["rows"], asked["columns"])
output, since, missed = b"", 0, None
for step in asked["steps"]:
    if "press" in step or "size" in step:
        since = len(output)
    if "press" in step:
        os.write(terminal, step["press"].encode())
    elif "size" in step:
        resize(*step["size"])
    else:
        end = time.time() + PATIENCE
        while step["wait"] not in plain(output[since:]):
            more = read() if time.time() < end else None
            if more is None:
                missed = step["wait"]
                break
            output += more
    if missed is not None:
        os.kill(pid, 9)
        break
while True:
    more = read()
    if more is None:
        break
    output += more
_, status = os.waitpid(pid, 0)
print(json.dumps({"exit": os.waitstatus_to_exitcode(status), "raw": output.decode("utf8", "replace"), "missed": missed}))
