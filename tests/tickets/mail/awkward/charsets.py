"""Text in every charset that people write in, and under every wrong label."""

from __future__ import annotations

from tests.tickets.mail.awkward.build import Awkward, mail

GREETING = "Grüße aus Köln, 5 € zurück"


def labelled(charset: str, data: bytes, *shows: str, encoding: str = "8bit", kind: str = "plain") -> Awkward:
    head = f"Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n"
    return Awkward(mail(data, head), shows)


MAILS = {
    "utf8": labelled("utf-8", GREETING.encode(), GREETING),
    "utf8_called_latin1": labelled("iso-8859-1", GREETING.encode(), GREETING),
    "utf8_called_ascii": labelled("us-ascii", GREETING.encode(), GREETING),
    "cp1252_called_latin1": labelled("iso-8859-1", GREETING.encode("cp1252"), GREETING),
    "cp1252_called_utf8": labelled("utf-8", "Schöne Grüße aus Köln am Rhein".encode("cp1252"), "Grüße aus Köln"),
    "cp1252_called_ascii": labelled("us-ascii", "Schöne Grüße aus Köln am Rhein".encode("cp1252"), "aus K"),
    "unknown_8bit": labelled("unknown-8bit", "Où est ma commande ? Ça dure déjà trois semaines.".encode("cp1252"),
                             "est ma commande", "trois semaines"),
    "no_such_charset": labelled("klingon-1", "Где мой заказ? Я жду уже три недели.".encode(), "Где мой заказ?"),
    "charset_in_quotes": labelled("'utf-8'", GREETING.encode(), GREETING),
    "charset_empty": labelled('""', GREETING.encode(), GREETING),
    "no_content_type": Awkward(mail(GREETING.encode()), (GREETING,)),
    "gb2312_with_wider_letters": labelled("gb2312", "您好，我的订单號碼是 42，謝謝。".encode("gb18030"), "订单號碼"),
    "big5": labelled("big5", "您好，我的訂單還沒到。".encode("big5"), "我的訂單還沒到"),
    "shift_jis_with_numbers": labelled("shift_jis", "①番の注文は？髙橋".encode("cp932"), "①番の注文", "髙橋"),
    "iso_2022_jp": labelled("iso-2022-jp", "注文はどこ。".encode("iso2022_jp"), "注文はどこ", encoding="7bit"),
    "euc_kr": labelled("ks_c_5601-1987", "주문은 어디에 있습니까? 펲".encode("cp949"), "주문은 어디에", "펲"),
    "koi8_r": labelled("koi8-r", "Где мой заказ?".encode("koi8-r"), "Где мой заказ?"),
    "cp1251": labelled("windows-1251", "Где мой заказ?".encode("cp1251"), "Где мой заказ?"),
    "iso_8859_2": labelled("iso-8859-2", "Gdzie jest zamówienie? Źle.".encode("iso-8859-2"), "zamówienie", "Źle"),
    "iso_8859_15": labelled("iso-8859-15", "5 € zurück".encode("iso-8859-15"), "5 € zurück"),
    "windows_1255": labelled("iso-8859-8-i", "איפה ההזמנה שלי".encode("cp1255"), "איפה ההזמנה"),
    "windows_1256": labelled("windows-1256", "أين طلبي".encode("cp1256"), "أين طلبي"),
    "utf_16": labelled("utf-16", "Where is it? 😀".encode("utf-16"), "Where is it? 😀"),
    "utf_7_is_not_decoded": Awkward(
        mail(b"Hello +ADw-script+AD4-alert(1)", "Content-Type: text/plain; charset=utf-7\n"),
        ("Hello +ADw-script",), hides=("<script>",),
    ),
    "bom": labelled("utf-8", b"\xef\xbb\xbf" + GREETING.encode(), GREETING),
    "nul_bytes": labelled("utf-8", b"before\x00after", "beforeafter"),
    "cut_inside_a_letter": labelled("utf-8", ("Wo bleibt es aus München? " * 5 + "ü").encode()[:-1], "München"),
    "quoted_printable_broken": labelled("utf-8", b"a =ZZ b =C3=BC c =\r\nd=", "ü c d", encoding="quoted-printable"),
    "base64_broken": labelled("utf-8", b"SGVsbG8gdGhlcmU=!!\r\nSGk", "Hello there", encoding="base64"),
    "transfer_encoding_unknown": labelled("utf-8", b"plain all the same", "plain all the same", encoding="rot13"),
    "subject_in_pieces": Awkward(
        mail("see subject", sender="=?utf-8?q?J=C3=B6rg?= <erin@example.com>",
             subject="=?utf-8?B?R3LDvMOf?=\n =?utf-8?B?ZSBhdXMgS8O2bG4=?="), ("see subject",)),
    "subject_cut_inside_a_letter": Awkward(
        mail("two words", subject="=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?="), ("two words",)),
    "subject_bare_8bit": Awkward(mail("bare", subject="Grüße \xe4"), ("bare",)),
    "html_with_meta_charset": labelled("us-ascii", b"<meta charset=windows-1252><p>Stra\xdfe und Gr\xfc\xdfe</p>",
                                       "Stra", kind="html"),
}  # fmt: skip
