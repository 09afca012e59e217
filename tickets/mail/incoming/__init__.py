"""From the bytes of a mail to a message in a ticket. Reading is apart from storing: `parse` touches no database."""
