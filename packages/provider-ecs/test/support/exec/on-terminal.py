"""Runs a command line on a terminal of its own: standard input and output are its bytes, descriptor 3 takes sizes."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios

child, terminal = pty.fork()
if child == 0:
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
inputs = [0, 3, terminal]
while terminal in inputs:
    for ready in select.select(inputs, [], [])[0]:
        try:
            data = os.read(ready, 65536)
        except OSError:
            data = b""
        if not data:
            inputs.remove(ready)
        elif ready == 3:
            rows, columns = map(int, data.split(b"\n")[-2].split())
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        elif ready == 0:
            while data:
                data = data[os.write(terminal, data):]
        else:
            while data:
                data = data[os.write(1, data):]
os.waitpid(child, 0)
