"""What a model is used for: search and matching, classification, question answering; and how good it is at that."""
