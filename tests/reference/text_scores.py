#!/usr/bin/python3
"""Prints the numbers of tests/data_text_scores_test.cpp, computed by sacreBLEU 2 (pip install sacrebleu)."""
from sacrebleu.metrics import BLEU, CHRF

CASES = [
    ('equal', ['the cat sat on the mat'], [['the cat sat on the mat']]),
    ('one word differs', ['the cat sat on a mat today'], [['the cat sat on the mat today']]),
    ('short output', ['the cat sat on'], [['the cat sat on the mat']]),
    ('no 4-gram in common', ['a b c x d e f'], [['a b c d e f g']]),
    ('no word in common', ['aa bb cc dd'], [['ee ff gg hh']]),
    ('three words', ['a b c'], [['a b c']]),
    ('empty output', [''], [['a b c d']]),
    ('signs', ['He said: "1,000.50 -- no!" (3-4), it\'s A.B..C, x&lt;y'],
     [['He said "1,000.50 - no" (3-4) it\'s A.B..C, x < y.']]),
    ('two references', ['the cat is on the mat now', 'it is a dog , I think'],
     [['there is a cat on the mat now', 'the cat is on a mat'], ['it is a dog, I guess', 'that is a dog I think']]),
    ('unequal references', ['ein Haus am See ist schön', 'ça va bien , merci'],
     [['ein Haus am See ist sehr schön'], ['ça va très bien, merci', 'ça va']]),
    ('letters', ['καλημέρα κόσμε', 'größer'], [['καλημερα κόσμε'], ['grösser', 'größe']]),
    ('white space', ['a\u3000b\u00a0c d\te'], [['a b c d e']]),
]

for name, outputs, references in CASES:
    most = max(len(r) for r in references)
    streams = [[r[k] if k < len(r) else None for r in references] for k in range(most)]
    print(f'{name}: {BLEU().corpus_score(outputs, streams).score:.10g} '
          f'{CHRF().corpus_score(outputs, streams).score:.10g}')
