"""A process that changes tickets by the product's own verbs, one short transaction after the other.

python -m tests.tickets.writer USERNAME TRANSACTIONS

Says "ready", waits for a line, and at last says how many went through; an error ends it with its words.
"""

import sys

import django


def main(username: str, transactions: int) -> None:
    django.setup()
    from django.contrib.auth.models import User

    from tickets.models import Customer, Ticket

    user = User.objects.get(username=username)
    erin = Customer.objects.get(email="erin@example.com")
    shared = Ticket.objects.get(subject="Everybody writes here")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    own = shared
    for number in range(transactions):
        match number % 4:
            case 0:
                own = Ticket.objects.open(erin, f"Letter {number} by way of {username}")
            case 1:
                own.reply(user, f"Answer {number}")
            case 2:
                own.assign(user, user)
            case _:
                shared.note(user, f"Note {number} of {username}")
    sys.stdout.write(f"{transactions}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
