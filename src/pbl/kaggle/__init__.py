"""Kaggle's rules, held before Kaggle does, and the folders that are handed to it."""
