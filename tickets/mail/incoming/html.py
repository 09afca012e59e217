"""HTML mail as text: laid out as a reader sees it, the quoted mail below it told apart. Nothing is loaded."""

from __future__ import annotations

import nh3
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import etree
from lxml import html as lxml_html

from tickets.mail.incoming.charsets import clean
from tickets.text import html_to_text

LONGEST = 1_000_000  # characters; what is beyond is in the original
_QUOTES = (
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' gmail_quote ')"
    " or contains(@class, 'moz-cite-prefix') or contains(@class, 'yahoo_quoted')"
    " or contains(@class, 'protonmail_quote') or @id='divRplyFwdMsg' or @id='appendonsend'"
    " or (self::blockquote and @type='cite')]"
)
_MARK = "c0llie-qu0te-begins-here"
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"], display_links=True, display_images=False)


def to_text(markup: str) -> tuple[str, str]:
    """(what is new, the quoted rest) of an HTML mail. The rest is empty where something new follows the quote."""
    marked = _marked(_without_scripts(markup[:LONGEST]))
    try:
        text = get_text(marked, _CONFIG)
    except Exception:  # whatever a layout engine makes of broken markup: the plain words are better than none
        text = html_to_text(marked)
    new, _, rest = clean(text).partition(_MARK)
    return _tidy(new), _tidy(rest)


def _without_scripts(markup: str) -> str:
    return nh3.clean(
        markup, clean_content_tags={"script", "style", "template", "title"},
        attributes={"*": {"class", "id"}, "a": {"href"}, "blockquote": {"type"}, "td": {"colspan", "rowspan"}},
        link_rel=None, strip_comments=True,
    )  # fmt: skip


def _marked(markup: str) -> str:
    """The markup with a mark before the mail that it quotes at its end."""
    try:
        tree = lxml_html.document_fromstring(markup)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return markup
    quote = next(iter(tree.xpath(_QUOTES)), None)
    if quote is None or _text_after(quote):
        return markup
    mark = lxml_html.Element("p")
    mark.text = _MARK
    quote.addprevious(mark)
    return str(lxml_html.tostring(tree, encoding="unicode"))


def _text_after(quote: lxml_html.HtmlElement) -> bool:
    """Whether anything is written below a closed quote. Outlook closes none: its quote is all that follows."""
    if quote.get("id") in {"divRplyFwdMsg", "appendonsend"} or "moz-cite-prefix" in (quote.get("class") or ""):
        return False
    return any(text.strip() for text in quote.xpath("following::text()"))


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    tidy: list[str] = []
    for line in lines:
        if line or (tidy and tidy[-1]):
            tidy.append(line)
    return "\n".join(tidy).strip("\n")
