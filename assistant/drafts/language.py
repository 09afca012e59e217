"""The language a customer writes in, guessed from the small words and the script of what they wrote."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from django.utils.translation import get_language_info

_WORD = re.compile(r"[^\W\d_]+")
_READ = 4000  # characters
_LEAST = 2  # telling words, and a lead of as many over the next language
_TELLING = {
    "en": "the and is to of it you for that have not was with this are can my your please from but would thanks",
    "de": "der die das und ist ich nicht sie ein eine mit auf für den von es wir habe bitte auch noch wie mein danke",
    "fr": "le la les et est je ne pas vous une des pour que dans mon avec sur qui ce merci bonjour votre nous ai",
    "es": "el los las y es no que por para una con mi se lo gracias está pero como hola he usted del al su",
    "it": "il gli e è non che per una con mi ho sono grazie della questo come ciao buongiorno alla del vostro ma",
    "pt": "o os as e é não que para uma com meu minha obrigado está mas como olá você do da em por seu foi",
    "nl": "de het een en is niet ik van voor met dat op te zijn mijn bedankt graag maar ook naar u wij heb",
    "pl": "i w nie na się jest to z że do jak mam czy proszę dziękuję dzień dobry moje od ale za po",
    "sv": "och att det är jag inte en ett som för på med har kan min tack hej av den men vi till",
    "da": "og at det er jeg ikke en et som for på med har kan min tak hej af den men vi til",
}
_SMALL_WORDS = {code: frozenset(words.split()) for code, words in _TELLING.items()}
_SCRIPTS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "zh-hans", "CYRILLIC": "ru", "GREEK": "el",
    "ARABIC": "ar", "HEBREW": "he", "THAI": "th", "DEVANAGARI": "hi",
}  # fmt: skip


def language_of(text: str) -> str:
    """The code of the language, such as de; "" where the text tells too little."""
    words = _WORD.findall(text[:_READ].lower())
    return _by_script(words) or _by_small_words(words)


def language_name(code: str) -> str:
    """What a language is called in English; the code itself where nobody knows it."""
    try:
        return str(get_language_info(code)["name"])
    except KeyError:
        return code


def _by_small_words(words: list[str]) -> str:
    counted = Counter(words)
    scores = {code: sum(counted[word] for word in small) for code, small in _SMALL_WORDS.items()}
    (best, most), (_, next_best) = sorted(scores.items(), key=lambda item: -item[1])[:2]
    return best if most >= _LEAST and most > next_best else ""


def _by_script(words: list[str]) -> str:
    """Of languages that their letters tell. Japanese also has Chinese ones."""
    letters = Counter(_script(char) for word in words for char in word[:20])
    foreign = {script: count for script, count in letters.items() if script in _SCRIPTS}
    if sum(foreign.values()) * 2 < sum(letters.values()) or not foreign:
        return ""
    if {"HIRAGANA", "KATAKANA"} & foreign.keys():
        return "ja"
    return _SCRIPTS[max(foreign, key=lambda script: foreign[script])]


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
