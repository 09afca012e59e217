#!/usr/bin/env python
"""Django's command line for Collie."""

import os
import sys

from config import env_file


def main() -> None:
    env_file.load()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
