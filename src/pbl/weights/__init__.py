"""Which weights the out-of-fold files support, and how sure that is.

Arrays come in as a `Sheet`, frozen results go out. Nothing here reads a file, prints or looks at the clock.
"""
