"""The resources of the helpdesk, a file each."""
