"""The lines of the standard call, for the servers that parse nothing."""

LINES = [b"ANSWER\n", b'STREAM FILE "demo-thanks" "12" "0"\n']
for number in range(4):
    LINES += [f'SET VARIABLE "V{number}" "493012"\n'.encode(), f'GET VARIABLE "V{number}"\n'.encode()]
LINES.append(b"HANGUP\n")
