"""Mail. Out: `queue.queue_mail` and every reply write an outbox row, `outgoing.sending` sends them. In:
`incoming.store.receive` makes a message of a mail, whoever hands it in: `incoming.imap` or `receive_mail`."""
