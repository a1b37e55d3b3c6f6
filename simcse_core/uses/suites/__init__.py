"""Well-known tests of sentence embeddings, measured as their makers report them, for several models side by side.

- `tasks`: which there are, and opening those that a folder, the hub or the project itself has
- `sources`: a task's data as it stands in a file, with the subsets of STS
- `measures`: what a model does on one task
- `suite`: all models on all tasks, with intervals and paired differences
- `learned`: which models have learned from the very data of a task
- `piecewise`: one model on one task at a time, by name
- `table`: the result as text, CSV, Markdown and JSON
"""
