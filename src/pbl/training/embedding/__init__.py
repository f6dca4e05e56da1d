"""Images become features: vectors of a frozen network in a Hugging Face folder, resumable and offline."""
