#pragma once

#include <filesystem>

#include <gradus/data/corpus.h>

namespace gradus::data {

/// What becomes of the digits of phones. `automatic`: `cut` if the file is in the style of the CMU dictionary, where
/// digits are the stress of vowels, `keep` otherwise.
enum class Stress {
  automatic,
  cut,   // a digit 0, 1 or 2 after a vowel of ARPAbet: AH0
  keep,  // all digits, such as tones: A1
};

/// How `read_dictionary` reads words and phones.
struct DictionaryOptions {
  Stress stress = Stress::automatic;          // of the phones
  UnicodeForm unicode = UnicodeForm::nfc;     // of words and phones
  bool lowercase = true;                      // words only; phones do not change
  Tokenizer letters = Tokenizer::characters;  // of words; or graphemes
  OnBadLine on_bad_line = OnBadLine::skip;    // at a line with a defect
  TokenLimit limit = {};                      // of letters and of phones; longer pairs are left out
};

/// The pairs of a pronouncing dictionary: the letters of a word, and its phones.
struct Dictionary : Corpus {
  Stress stress = Stress::cut;  // what was done: `cut` or `keep`
};

/// Reads a pronouncing dictionary in the format of the CMU dictionary, old (0.7) and new, or of the Montreal Forced
/// Aligner and Kaldi:
/// - `WORD  PHONE PHONE ...`, with further pronunciations of WORD as `WORD(2)` or as `WORD` again;
/// - numbers between WORD and its phones (probabilities), which are left out with a note. A file has such numbers if
///   one of them has a decimal point;
/// - comments: lines that begin with `;;;`, and ` # comment` at the end of a line.
/// The source is the letters of the word, the target its phones. A pronunciation that the word already has, for example
/// because stress was removed, is counted as repeated and skipped. Blank lines are skipped. Throws like read_pairs.
Dictionary read_dictionary(const std::filesystem::path& path, const DictionaryOptions& options = {});

}  // namespace gradus::data
