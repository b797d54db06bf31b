#!/usr/bin/python3
"""Compares BLEU, chrF2 and chrF2++ of `gradus metrics` with sacreBLEU's (pip install sacrebleu regex) on 20 sets of files.

    compare_sacrebleu.py build/release/gradus         makes the files, runs both, prints a table; fails on a difference
    compare_sacrebleu.py --cases                      prints tests/data/sacrebleu.jsonl
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF

TOKENS = ('13a', 'intl', 'zh', 'char', 'none')

WORDS = {
    'english': 'the a of cat dog house river stone walks reads gives quiet old green never always into under two three',
    'german': 'der die das Haus Straße grün schön Mädchen läuft liest über unter nicht mehr Fluß Äpfel zwei drei Öl',
    'french': "l'eau d'été où été garçon très près déjà c'est aujourd'hui qu'il même hôtel naïf çà une deux trois",
    'turkish': 'İstanbul ılık çok güzel ev ağaç şehir gidiyor yeşil kırmızı değil küçük öğrenci IŞIK ığdır iyi',
    'greek': 'ΟΔΟΣ ὁδός σοφός Σοφία καλημέρα κόσμε θάλασσα μικρός μεγάλος τρεις δύο άνθρωπος ΑΣ',
    'russian': 'дом река камень идёт читает тихий старый зелёный никогда всегда под два три ещё',
    'arabic': 'بيت نهر حجر يمشي يقرأ هادئ قديم أخضر أبدا دائما تحت اثنان ثلاثة كِتَابٌ',
    'hindi': 'घर नदी पत्थर चलता पढ़ता शांत पुराना हरा कभी हमेशा नीचे दो तीन क्षत्रिय',
    'thai': 'บ้าน แม่น้ำ หิน เดิน อ่าน เงียบ เก่า เขียว ไม่ เสมอ ใต้ สอง สาม',
    'korean': '집 강 돌 걷는다 읽는다 조용한 오래된 초록 결코 항상 아래 둘 셋',
}
CHINESE = '我你他她们的是在不有这那来去上下大小山水人日月中国学生老师看书写字,。！？、(A)3.5'
JAPANESE = 'わたしあなたの本を読むカタカナ漢字語。、！？「」テスト1２3'
SIGNS = ['.', ',', '!', '?', ';', ':', '"', "'", '(', ')', '-', '--', '...', '%', '$5', '€', '/', '&', '&amp;', '&quot;',
         '&lt;b&gt;', '<skipped>', '3.14', '1,000', '1,000.50', '10-12', '4th.', "it's", "dogs'", 'e.g.', 'x=y', '«', '»', '“', '”',
         '…', '—', '–', '№', '©', '²', '½', '٣', '१२', '#', '@', '[1]', '{2}', '~', '`', '^', '|', '\\', '_a_', 'U.S.', ',,', '.5', '5.']


def sentence(rng, words, least, most, signs=0.2):
    parts = []
    for _ in range(rng.randint(least, most)):
        parts.append(rng.choice(SIGNS) if rng.random() < signs else rng.choice(words))
        if rng.random() < 0.15:
            parts[-1] += rng.choice('.,!?:;)')
    return ' '.join(parts)


def changed(rng, text, words, rate):
    """The text with words left out, replaced, doubled and exchanged, as a system may write it."""
    parts = []
    for word in text.split(' '):
        draw = rng.random() / rate
        if draw < 0.2:
            continue
        if draw < 0.5:
            word = rng.choice(words)
        elif draw < 0.6:
            parts.append(word)
        elif draw < 0.7:
            word = word[::-1]
        elif draw < 0.8:
            word = word.upper()
        elif draw < 1 and parts:
            parts[-1], word = word, parts[-1]
        parts.append(word)
    return ' '.join(parts)


def joined(rng, characters, least, most):
    return ''.join(rng.choice(characters) for _ in range(rng.randint(least, most)))


def spaced(rng, text):
    """The text with other white space than single spaces."""
    kinds = [' ', '  ', '\u00a0', '\u3000', '\u2003', '\u202f', '\u200b', '\u1680']
    return ''.join(rng.choice(kinds) if c == ' ' else c for c in text)


def sets():
    """Names with outputs and lists of references, one list per file."""
    rng = random.Random(20)
    for name, words in WORDS.items():
        words = words.split(' ')
        first = [sentence(rng, words, 1, 25) for _ in range(60)]
        yield name, [changed(rng, line, words, 0.4) for line in first], [first]
    for name, characters in (('chinese', CHINESE), ('japanese', JAPANESE)):
        first = [joined(rng, characters, 2, 30) for _ in range(60)]
        yield name, [''.join(c for c in line if rng.random() > 0.2) for line in first], [first]
    words = WORDS['english'].split(' ') + WORDS['french'].split(' ')
    for count in (2, 3, 5):
        first = [sentence(rng, words, 2, 20) for _ in range(50)]
        references = [first] + [[changed(rng, line, words, 0.5) for line in first] for _ in range(count - 1)]
        yield f'{count} references', [changed(rng, line, words, 0.4) for line in first], references
    first = ['' if rng.random() < 0.3 else sentence(rng, words, 1, 8) for _ in range(50)]
    second = ['' if rng.random() < 0.3 else changed(rng, line, words, 0.3) for line in first]
    yield 'empty lines', ['' if rng.random() < 0.3 else changed(rng, line, words, 0.3) for line in first], [first, second]
    first = [sentence(rng, words, 1, 3, signs=0.4) for _ in range(50)]
    yield 'short lines', [changed(rng, line, words, 0.3) for line in first], [first]
    first = [sentence(rng, words, 5, 20, signs=0.8) for _ in range(50)]
    yield 'signs', [changed(rng, line, SIGNS, 0.3) for line in first], [first]
    first = [spaced(rng, sentence(rng, words, 3, 15)) for _ in range(50)]
    yield 'white space', [spaced(rng, changed(rng, line, words, 0.3)) for line in first], [first]
    points = [chr(c) for c in list(range(0x21, 0x17f)) + list(range(0x2010, 0x2060)) + list(range(0x20a0, 0x20c0))
              + list(range(0x2190, 0x2200)) + list(range(0x3000, 0x3040)) + list(range(0x1f600, 0x1f640))
              if chr(c).isprintable()] + ['e\u0301', 'n\u0303', '👩\u200d🚀', '🇩🇪']
    first = [''.join(rng.choice(points) + rng.choice(('', '', ' ')) for _ in range(rng.randint(5, 40))) for _ in range(50)]
    yield 'code points', [''.join(c for c in line if rng.random() > 0.15) for line in first], [first]


def expected(outputs, references, tokens, lowercase):
    scores = {}
    for key, metric in (('bleu', BLEU(tokenize=tokens, lowercase=lowercase)), ('chrf', CHRF(lowercase=lowercase)),
                        ('chrf_plus_plus', CHRF(word_order=2, lowercase=lowercase))):
        scores[key] = metric.corpus_score(outputs, references).score
        scores[key + '_signature'] = str(metric.get_signature())
    return scores


def measured(program, folder, outputs, references, tokens, lowercase):
    names = []
    for name, lines in [('outputs', outputs)] + [(f'reference{k}', r) for k, r in enumerate(references)]:
        names.append(str(folder / name))
        Path(names[-1]).write_text(''.join(line + '\n' for line in lines), encoding='utf-8', newline='')
    command = [program, 'metrics', *names, '--bootstrap', '0', '--bleu-tokens', tokens] + ['--lowercase'] * lowercase
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def compare(program):
    worst = 0
    print(f'sacreBLEU {sacrebleu.__version__}')
    print(f'{"set":14} {"tokens":6} {"case":5} {"measure":14} {"sacreBLEU":>10} {"gradus":>10}')
    with tempfile.TemporaryDirectory() as folder:
        for name, outputs, references in sets():
            for tokens in TOKENS:
                for lowercase in (False, True):
                    wanted = expected(outputs, references, tokens, lowercase)
                    found = measured(program, Path(folder), outputs, references, tokens, lowercase)
                    for key in ('bleu', 'chrf', 'chrf_plus_plus'):
                        difference = abs(wanted[key] - found[key])
                        worst = max(worst, difference)
                        if key == 'bleu' or tokens == '13a' or difference > 0.00005:
                            print(f'{name:14} {tokens:6} {"lc" if lowercase else "mixed":5} {key:14} {wanted[key]:10.4f} '
                                  f'{found[key]:10.4f}{"  DIFFERS" if difference > 0.00005 else ""}')
                        kinds = [score[key + '_signature'].split('|version:')[0] for score in (wanted, found)]
                        if kinds[0] != kinds[1]:
                            sys.exit(f'signatures differ: {kinds[0]} and {kinds[1]}')
    print(f'largest difference: {worst:.2g}')
    return worst > 0.00005


def cases():
    """Each set's first four lines with their scores, for tests/data_sacrebleu_test.cpp."""
    for name, outputs, references in sets():
        outputs, references = outputs[:4], [r[:4] for r in references]
        scores = {}
        for tokens in TOKENS:
            scores[tokens] = round(expected(outputs, references, tokens, False)['bleu'], 6)
        plain, lower = (expected(outputs, references, '13a', lowercase) for lowercase in (False, True))
        scores.update({key: round(plain[key], 6) for key in ('chrf', 'chrf_plus_plus')})
        scores.update({key + '_lc': round(lower[key], 6) for key in ('bleu', 'chrf', 'chrf_plus_plus')})
        print(json.dumps({'name': name, 'outputs': outputs, 'references': list(zip(*references)), 'scores': scores},
                         ensure_ascii=False))


if __name__ == '__main__':
    sys.exit(cases() if sys.argv[1] == '--cases' else compare(sys.argv[1]))
