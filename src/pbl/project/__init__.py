"""What the user named (arguments, folders, `pbl.toml`, recipes) becomes values."""
