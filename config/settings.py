"""One settings file for every environment.

Nothing has to be set to run the site on one's own machine. `DJANGO_ENV=production` turns
every guard on and refuses to start while a secret is missing: see docs/operations.md.
"""

import datetime as dt
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from config.error_reports import report_errors_to
from config.logs import logging_config
from config.postgresql import use_postgresql_pool
from config.secret_key import local_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()

# What the site writes: the embedded database, the local secret key, collected static files.
VAR_DIR = env.path("VAR_DIR", BASE_DIR / "var")

ENVIRONMENT = env.str("DJANGO_ENV", "local")
if ENVIRONMENT not in {"local", "production"}:
    raise ImproperlyConfigured(
        f"DJANGO_ENV is {ENVIRONMENT!r}. Set it to 'local' or 'production', or leave it out."
    )
IN_PRODUCTION = ENVIRONMENT == "production"

DEBUG = env.bool("DEBUG", False)
if IN_PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG is on in production. Unset it.")

if IN_PRODUCTION:
    SECRET_KEY = env.str("SECRET_KEY", "")
    ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", [])
    if not SECRET_KEY:
        raise ImproperlyConfigured(
            "SECRET_KEY is missing. Make one with: python -c "
            '"import secrets; print(secrets.token_urlsafe(50))"'
        )
    if not ALLOWED_HOSTS:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS is missing. Set it to the site's host names, separated by commas."
        )
else:
    SECRET_KEY = env.str("SECRET_KEY", "") or local_secret_key(VAR_DIR / "secret_key")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])

CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

# Applications ---------------------------------------------------------------------------------

INSTALLED_APPS = [
    "calculator",
    "gpus",
    "config.apps.CatalogAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_otp",
    "config.apps.AuthenticatorsConfig",
    "config.apps.BackupCodesConfig",
    "config.apps.LoginsConfig",
]

MIDDLEWARE = [
    "config.observing.ObservingMiddleware",
    "config.looks.LooksMiddleware",
    "config.api_door.ApiDoorMiddleware",
    "config.finished.middleware.FinishedPagesMiddleware",
    "config.security_headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "config.kept_gpu.KeptGpuMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.rate_limits.RateLimitMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"environment": "config.jinja.environment"},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["calculator.words.drawing", "calculator.words.page_head"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database -------------------------------------------------------------------------------------

DATABASES = {
    "default": env.dj_db_url(
        "DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}", conn_max_age=60
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    # Readers never wait for a writer (WAL), and a writer takes its lock at BEGIN, so that two
    # editors queue up to the timeout instead of failing halfway with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    use_postgresql_pool(
        DATABASES["default"],
        statement_timeout_seconds=env.int("DATABASE_STATEMENT_TIMEOUT_SECONDS", 15),
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Finished pages -------------------------------------------------------------------------------

# How long a process goes by the rows it knows before it asks whether an editor changed any.
CATALOG_CHECK_SECONDS = env.float("CATALOG_CHECK_SECONDS", 1.0)
# How often a process writes down which GPUs were looked at; 0: never.
LOOKS_WRITE_SECONDS = env.float("LOOKS_WRITE_SECONDS", 60.0)
# What each process may keep of compressed answers: a page takes about 25 kB.
FINISHED_PAGES_BYTES = env.int("FINISHED_PAGES_BYTES", 32_000_000)

# What instances share ---------------------------------------------------------------------------

# Redis or Valkey. Nothing depends on it: what it does not answer at once is worked out here.
if CACHE_URL := env.str("CACHE_URL", ""):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": CACHE_URL,
            "KEY_PREFIX": "vram",
            # redis-py does not try again by itself here: a dead cache costs one short wait.
            "OPTIONS": {"socket_connect_timeout": 0.25, "socket_timeout": 0.25},
        }
    }
FINISHED_PAGES_SHARED_CACHE = "default" if CACHE_URL else ""

# Language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

# Static files ---------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
# ES modules import each other by relative path; the manifest has to rewrite those too.
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

# Security -------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "report-uri": ["/csp-report/"],
        "report-to": ["csp"],
    }
}
SECURITY_HEADERS = {
    # Pages have theirs from django-csp; this is for static files.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Reporting-Endpoints": 'csp="/csp-report/"',
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer",
            "browsing-topics",
            "camera",
            "display-capture",
            "geolocation",
            "gyroscope",
            "microphone",
            "midi",
            "payment",
            "serial",
            "usb",
        )
    ),
}
# What a request may hold. The longest text of a form is a pasted config.json of 256 kB, three times
# that where every character is escaped; an editor's answer takes a few kB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
# The GPUs' editable list sends the most: 100 rows of an id, four fields and a box to tick.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
# A config.json is the only file; of a longer one than this its first 256 kB are read from disk.
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
# How many proxies stand in front and append to X-Forwarded-For; 0: the socket's address counts.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
# POST requests per minute and address; 0 is no limit.
RATE_LIMITS = {
    "calculator:api_estimate": (api_limit := env.int("RATE_LIMIT_API", 120)),
    "calculator:api_import_config": api_limit,
    "calculator:config": env.int("RATE_LIMIT_CONFIG", 60),
    "calculator:import": env.int("RATE_LIMIT_CONFIG", 60),
    "admin:login": env.int("RATE_LIMIT_LOGIN", 20),
    "csp_report": env.int("RATE_LIMIT_CSP_REPORT", 30),
}
# Five wrong passwords of one name from one address lock them out for a quarter of an hour.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "config.rate_limits.locked_out"
AXES_CLIENT_IP_CALLABLE = "config.client_address.client_address"
AXES_RESET_ON_SUCCESS = True
# Who logged in and who failed to is kept, for superusers to read (docs/operations.md).
AXES_DISABLE_ACCESS_LOG = False
AXES_ENABLE_ACCESS_FAILURE_LOG = True
# A code of an authenticator app besides the password: on for all, or for whoever sets one up.
SECOND_FACTOR_REQUIRED = env.bool("SECOND_FACTOR_REQUIRED", False)
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
OTP_TOTP_ISSUER = "Fine-Tuning VRAM Calculator"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

if IN_PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 365 * 24 * 3600)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    if env.bool("BEHIND_TLS_PROXY", True):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Seeing it run --------------------------------------------------------------------------------

LOGGING = logging_config(as_json=IN_PRODUCTION)
SLOW_REQUEST_MS = env.float("SLOW_REQUEST_MS", 250)

# Who may read /metrics: addresses or networks, and whoever sends the token.
METRICS_ALLOWED: list[str] = env.list("METRICS_ALLOWED", ["127.0.0.1", "::1"])
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

SENTRY_DSN = env.str("SENTRY_DSN", "")
if SENTRY_DSN:
    report_errors_to(SENTRY_DSN, environment=ENVIRONMENT)
