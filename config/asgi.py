import gc
import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application
from django.urls import get_resolver

from config import env_file

env_file.load()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
pages = get_asgi_application()

from assistant.routing import websockets  # noqa: E402  (its models need the apps loaded)

application = ProtocolTypeRouter({"http": pages, "websocket": websockets})

# All that is loaded now stays: walking over it for garbage would hold up one page in twenty by a tenth of a second.
get_resolver().url_patterns  # noqa: B018  loads every page
gc.collect()
gc.freeze()
