"""The guard on every page notices what it promises to: here each problem is made on purpose."""

import pytest

from tests.browser.conftest import Problems

PAGE = "<!doctype html><html lang=en><title>Trap</title>"


@pytest.fixture
def trap(page):
    """Answer /trap with the given page under the site's kind of policy."""

    def answer(body: str, policy: str = "default-src 'none'; script-src 'unsafe-inline'") -> None:
        page.route(
            "**/trap",
            lambda route: route.fulfill(
                body=PAGE + body,
                content_type="text/html",
                headers={"Content-Security-Policy": policy},
            ),
        )
        page.goto("/trap")

    return answer


def test_a_console_error_is_noticed(trap, problems):
    problems.expect("console: said aloud")

    trap("<script>console.error('said aloud')</script>")


def test_an_uncaught_exception_is_noticed(trap, problems):
    problems.expect("uncaught: nobody caught me")

    trap("<script>throw new Error('nobody caught me')</script>")


def test_a_rejected_promise_is_noticed(trap, problems):
    problems.expect("nobody caught me")

    trap("<script>Promise.reject(new Error('nobody caught me'))</script>")


@pytest.mark.parametrize(
    "body",
    [
        "<script>document.title = 'ran'</script>",
        "<p style='color: red'>",
        "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>",
    ],
    ids=["inline script", "inline style", "image"],
)
def test_a_violation_of_the_policy_is_noticed(trap, problems, body):
    problems.expect("Content Security Policy")

    trap(body, policy="default-src 'none'")


def test_a_request_to_another_host_is_noticed_and_goes_nowhere(trap, problems):
    problems.expect("request to another host: http://elsewhere.example/pixel.gif")
    problems.expect("ERR_NAME_NOT_RESOLVED")

    trap(
        "<img src='http://elsewhere.example/pixel.gif'>", policy="img-src http://elsewhere.example"
    )


def test_a_missing_page_is_noticed(page, problems):
    problems.expect("status of 404")

    page.goto("/no-such-page/")


def test_without_problems_nothing_remains():
    assert Problems(own_host="127.0.0.1:8000").remaining() == []


def test_what_is_expected_has_to_happen():
    problems = Problems(own_host="127.0.0.1:8000")

    problems.expect("status of 404")

    assert problems.remaining() == ["expected, but did not happen: status of 404"]
