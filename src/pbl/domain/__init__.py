"""The field's nouns as frozen values: the standard library only, no file and no clock."""
