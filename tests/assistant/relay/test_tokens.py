import pytest

from assistant.relay.tokens import estimate_tokens


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("", 0, 0),
        ("a", 1, 1),
        ("The quick brown fox jumps over the lazy dog.", 9, 13),
        ("我想退货，但是网站一直报错。", 10, 18),
        ("4111 1111 1111 1111", 6, 10),
        ("{}[]();:,.!?", 6, 13),
        ("Здравствуйте, где мой заказ?", 7, 14),
    ],
)
def test_estimates_are_near(text, low, high):
    assert low <= estimate_tokens(text) <= high


def test_longer_text_is_never_fewer_tokens():
    text = "Hello 世界, order 12345!\n" * 20
    estimates = [estimate_tokens(text[:length]) for length in range(len(text))]
    assert estimates == sorted(estimates)
