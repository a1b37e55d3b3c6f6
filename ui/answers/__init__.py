"""The page Answers: which answer of an FAQ fits a question, and whether any does."""
