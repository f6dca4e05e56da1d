"""Which weights the out-of-fold files support, and how sure that is."""
