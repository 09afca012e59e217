"""Text as people and models read it: HTML made plain, Markdown and HTML made safe to show."""

from __future__ import annotations

import html
import re

import nh3
from markdown_it import MarkdownIt

_BREAKS = re.compile(r"<\s*(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote)\b[^<>]*>", re.IGNORECASE)
_UNREAD = {"script", "style", "head", "title", "template"}
_BLANKS = re.compile(r"[ \t\xa0]+")
_GAPS = re.compile(r"\n\s*\n\s*(?:\n\s*)+")
_LOOKS_LIKE_HTML = re.compile(
    r"^\s*(?:<!doctype html|<html|<head|<body|<div|<p[ >]|<table)|<br\s*/?>|</(?:p|div|td|span|body)>",
    re.IGNORECASE,
)

_SHOWN_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "i", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").enable("strikethrough")


def looks_like_html(text: str) -> bool:
    """Whether a text without a declared type is HTML mail rather than prose that mentions a tag."""
    return bool(_LOOKS_LIKE_HTML.search(text))


def html_to_text(markup: str) -> str:
    """The visible words of `markup`, a line a block, without scripts, styles and comments."""
    broken = _BREAKS.sub(lambda match: match.group() + "\n", markup)
    bare = nh3.clean(broken, tags=set(), clean_content_tags=_UNREAD)
    lines = (_BLANKS.sub(" ", line).strip() for line in html.unescape(bare).splitlines())
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()


def safe_html(markup: str) -> str:
    """`markup` with only harmless tags and http, https and mailto links; images and styles are left out, so that
    opening a mail tells its sender nothing."""
    return nh3.clean(
        markup,
        tags=_SHOWN_TAGS,
        clean_content_tags=_UNREAD,
        attributes={"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def markdown_to_html(source: str) -> str:
    """CommonMark with tables and strikethrough as safe HTML; HTML inside the source is shown as text."""
    return safe_html(_MARKDOWN.render(source))
