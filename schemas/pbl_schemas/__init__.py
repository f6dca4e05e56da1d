"""What the files must look like, as Pandera schemas; this package knows nothing of pbl."""
