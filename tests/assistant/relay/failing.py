"""What a failed call raises; shared by the tests of failures."""

import pytest

from assistant.relay.client import Delta, RelayError

from .upstream import Upstream


def failure(connect, request_, script, *, stream=False, **options):
    """What one call raises, and the text handed out before."""
    shown = []
    with Upstream(script) as upstream:
        client = connect(upstream.url, **options)
        with pytest.raises(RelayError) as caught:
            if stream:
                shown += (item.text for item in client.stream(request_) if isinstance(item, Delta))
            else:
                client.complete(request_)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value, "".join(shown)
