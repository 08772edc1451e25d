"""How much one operation may ask for, and what it costs: looked at before it runs, linear in the document.

`shape` bounds the document as it is written and as its answer unfolds, before it is validated; `cost` counts
what a valid operation can read and write at the most, and what an answer has taken; `weights` says what is
dear.
"""
