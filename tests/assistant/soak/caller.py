"""A process that makes one plain call after the other until a budget stops it, or somebody kills it.

python -m tests.assistant.soak.caller THREADS
"""

import sys
import threading

import django

PROMPT = "Say something about invoice 4711."


def main(threads: int) -> None:
    django.setup()
    running = [threading.Thread(target=call_until_refused) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def call_until_refused() -> None:
    from assistant import gateway
    from assistant.relay.errors import RelayError

    while True:
        route = gateway.route_request(use_case="batch", user_waiting=False, prompt=PROMPT)
        try:
            gateway.complete(route, kind="triage", stop=Hurry()).settle()
        except RelayError:
            continue
        except gateway.AIUnavailable as refusal:
            sys.stdout.write(f"{refusal.code}\n")
            return


class Hurry(threading.Event):
    """Waits for the rate limit as long as it takes, and a tenth of the time before a retry."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(timeout if timeout is None or timeout < 0.75 else timeout / 10)


if __name__ == "__main__":
    main(int(sys.argv[1]))
