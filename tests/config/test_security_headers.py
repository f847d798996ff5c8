import pytest

pytestmark = pytest.mark.django_db

PAGES = ["/", "/inference/", "/faq/", "/gpus/", "/no-such-page/"]


def directives(response) -> dict[str, list[str]]:
    policy = response.headers["Content-Security-Policy"]
    return {name: sources for name, *sources in map(str.split, policy.split(";"))}


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_strict_content_security_policy(client, catalog, path):
    policy = directives(client.get(path))

    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["base-uri"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert not [source for sources in policy.values() for source in sources if "unsafe" in source]
    assert not [source for sources in policy.values() for source in sources if "*" in source]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Reporting-Endpoints", 'csp="/csp-report/"'),
    ],
)
def test_every_page_has_the_security_header(client, catalog, header, value):
    assert client.get("/").headers[header] == value
    assert client.get("/no-such-page/").headers[header] == value


def test_static_files_have_a_policy_too(client):
    headers = client.get("/static/css/site.css").headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_a_visitor_gets_no_cookie(client, catalog, path):
    assert not client.get(path).cookies


def test_the_admin_allows_nothing_unsafe_either(client):
    policy = client.get("/admin/login/").headers["Content-Security-Policy"]

    assert "unsafe" not in policy
