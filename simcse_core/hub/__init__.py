"""The Hugging Face hub: what it has, files on their way here, and their checksums; for models and data sets alike."""
