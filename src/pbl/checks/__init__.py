"""Files become a report: the Pandera schema decides, a screen may only say that a file is clean."""
