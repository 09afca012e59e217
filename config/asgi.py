import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

from config import env_file

env_file.load()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
pages = get_asgi_application()

from assistant.routing import websockets  # noqa: E402  (its models need the apps loaded)

application = ProtocolTypeRouter({"http": pages, "websocket": websockets})
