"""Studies: corpora × features × models × seeds under one protocol, repeatable."""
