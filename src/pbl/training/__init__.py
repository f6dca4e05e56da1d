"""Images or features become predictions, out-of-fold ones too, that validate."""
