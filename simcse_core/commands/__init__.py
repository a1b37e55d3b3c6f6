"""The command line: a module a command, their options, what they print."""
