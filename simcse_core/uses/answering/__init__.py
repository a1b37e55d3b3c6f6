"""Question answering by matching: which entry of a list of questions and answers answers a question, if any does.

- `answers`: `Answers`, the whole tool: a list, a model, a threshold, `ask`
- `matching`: what a question is compared with, on arrays of embeddings
- `no_answer`: from which similarity on there is an answer
- `lexical`: the same by BM25
- `quality`: how often the right entry comes first, with intervals
- `labelled`: the same on data with right and wrong answers for each question
"""
