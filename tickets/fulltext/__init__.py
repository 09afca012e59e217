"""Full text over any table: SQLite FTS5 and Postgres tsvector, found with the same words.

`Index` (index.py) names a table and its text columns; the database itself keeps the index right, whoever writes.
`parse` (words.py) reads what a person typed; nothing they can type is an error. `marked` (marks.py) shows the hits.
"""

from tickets.fulltext.index import Index
from tickets.fulltext.marks import Piece, marked, snippet
from tickets.fulltext.words import Query, parse, words_of

__all__ = ["Index", "Piece", "Query", "marked", "parse", "snippet", "words_of"]
