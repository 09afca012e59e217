"""From threads to the loop: in order, at once while it keeps up, gathered when it does not."""

from __future__ import annotations

import asyncio
import threading

from assistant.drafts.inbox import Inbox


class Reader:
    """Collects what it is handed, hand-out by hand-out, until it has `expected` items."""

    def __init__(self, expected: int) -> None:
        self.batches: list[list[int]] = []
        self.complete = asyncio.Event()
        self._expected = expected

    def take(self, items: list[int]) -> None:
        self.batches.append(items)
        if sum(len(batch) for batch in self.batches) == self._expected:
            self.complete.set()


def put_all(inbox, reader, count):
    for number in range(count):
        inbox.put(reader, number)


def test_what_many_threads_put_arrives_whole_and_in_order():
    async def run():
        inbox = Inbox(asyncio.get_running_loop())
        readers = [Reader(500) for _ in range(20)]
        for reader in readers:
            threading.Thread(target=put_all, args=(inbox, reader, 500)).start()
        await asyncio.wait_for(asyncio.gather(*(reader.complete.wait() for reader in readers)), 10)
        return readers

    for reader in asyncio.run(run()):
        assert [number for batch in reader.batches for number in batch] == list(range(500))


def test_a_loop_that_is_behind_gets_what_has_gathered_in_few_hand_outs():
    async def run():
        inbox = Inbox(asyncio.get_running_loop())
        reader = Reader(1001)
        busy = threading.Thread(target=put_all, args=(inbox, reader, 1000))
        busy.start()
        busy.join()  # the loop answers nothing meanwhile
        inbox.put(reader, 1000, urgent=True)
        await asyncio.wait_for(reader.complete.wait(), 10)
        return reader.batches

    batches = asyncio.run(run())
    assert len(batches) <= 2 and sum(len(batch) for batch in batches) == 1001
