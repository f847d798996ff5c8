"""gunicorn's settings; the environment names are gunicorn's and Heroku's own."""

import os

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
preload_app = True
# A request is an estimate over rows in memory: anything that takes longer is stuck.
timeout = 30
accesslog = None
