"""How a browser is found or installed, on machines of each kind that are only described."""

import subprocess
import sys
from dataclasses import replace

from tests.browser.find_browser import (
    INSTALL_DEBIANS,
    INSTALL_PLAYWRIGHTS,
    INSTALL_SHELL,
    SHELL,
    Machine,
    _works,
    find,
    find_or_install,
    main,
)


class Described:
    """A machine with these programs, on which these installers work."""

    def __init__(self, *programs, broken=(), installers=(), is_root=False):
        self.paths = {program: f"/usr/bin/{program}" for program in programs}
        self.playwrights = None
        self.has_shell = False
        self.commands = []
        self.installers = installers
        self.machine = Machine(
            is_root=is_root,
            path_of=self.paths.get,
            playwrights_path=lambda: self.playwrights,
            works=lambda path: path not in broken,
            run=self.run,
        )

    def run(self, command):
        self.commands.append(command)
        if command[0] not in self.installers:
            return False
        if command == INSTALL_PLAYWRIGHTS[-1]:
            self.playwrights = "/cache/chrome"
        if command == INSTALL_SHELL[-1]:
            if not self.has_shell:
                return False
            self.paths[SHELL] = f"/usr/bin/{SHELL}"
        if command == INSTALL_DEBIANS[-1]:
            self.paths["chromium"] = "/usr/bin/chromium"
        return True


def test_a_browser_on_the_path_is_taken_and_nothing_is_installed():
    described = Described("google-chrome", "apt-get", is_root=False)

    assert find_or_install(described.machine) == "/usr/bin/google-chrome"
    assert described.commands == []


def test_the_shell_comes_before_the_whole_browser_and_is_installed_once():
    described = Described(SHELL, "chromium", "apt-get", installers={"apt-get"}, is_root=True)

    assert find_or_install(described.machine) == f"/usr/bin/{SHELL}"
    assert described.commands == []


def test_the_shell_is_installed_beside_another_browser():
    described = Described("chromium", "apt-get", installers={"apt-get"}, is_root=True)
    described.has_shell = True

    assert find_or_install(described.machine) == f"/usr/bin/{SHELL}"
    assert described.commands == list(INSTALL_SHELL)


def test_where_there_is_no_shell_the_browser_that_is_there_does():
    described = Described("google-chrome", "apt-get", installers={"apt-get"}, is_root=True)

    assert find_or_install(described.machine) == "/usr/bin/google-chrome"
    assert described.commands == list(INSTALL_SHELL)


def test_chromium_comes_before_chrome():
    assert find(Described("google-chrome", "chromium").machine) == "/usr/bin/chromium"


def test_a_browser_that_does_not_start_is_passed_over():
    described = Described(
        "chromium-browser", "google-chrome", broken={"/usr/bin/chromium-browser"}
    )

    assert find(described.machine) == "/usr/bin/google-chrome"


def test_playwrights_browser_of_an_earlier_run_is_taken():
    described = Described()
    described.playwrights = "/cache/chrome"

    assert find_or_install(described.machine) == "/cache/chrome"
    assert described.commands == []


def test_playwrights_browser_is_installed_before_debians():
    described = Described("apt-get", installers={sys.executable, "apt-get"}, is_root=True)

    assert find_or_install(described.machine) == "/cache/chrome"
    assert described.commands == [*INSTALL_SHELL, *INSTALL_PLAYWRIGHTS]


def test_debians_chromium_is_installed_where_playwrights_cannot_be_downloaded():
    described = Described("apt-get", installers={"apt-get"}, is_root=True)

    assert find_or_install(described.machine) == "/usr/bin/chromium"
    assert described.commands == [*INSTALL_SHELL, *INSTALL_PLAYWRIGHTS, *INSTALL_DEBIANS]


def test_debians_chromium_is_installed_where_playwrights_does_not_start():
    described = Described(
        "apt-get", installers={sys.executable, "apt-get"}, broken={"/cache/chrome"}, is_root=True
    )

    assert find_or_install(described.machine) == "/usr/bin/chromium"


def test_apt_get_is_left_alone_without_root():
    described = Described("apt-get", installers={"apt-get"}, is_root=False)

    assert find_or_install(described.machine) is None
    assert described.commands == list(INSTALL_PLAYWRIGHTS)


def test_apt_get_is_not_called_where_it_does_not_exist():
    described = Described(is_root=True)

    assert find_or_install(described.machine) is None
    assert described.commands == list(INSTALL_PLAYWRIGHTS)


def test_without_a_browser_a_person_is_told_what_is_skipped(capsys):
    assert main(Described().machine, in_ci=False) == 0

    assert "EVERY BROWSER TEST IS SKIPPED" in capsys.readouterr().err


def test_without_a_browser_a_build_machine_fails(capsys):
    assert main(Described().machine, in_ci=True) == 1

    assert "this is a failure" in capsys.readouterr().err


def test_with_a_browser_its_path_is_printed(capsys):
    assert main(Described("chromium").machine, in_ci=True) == 0

    assert capsys.readouterr().out == "Browser for the tests: /usr/bin/chromium\n"


def test_a_program_works_when_it_tells_its_version(tmp_path):
    stub = tmp_path / "chromium-browser"
    stub.write_text("#!/bin/sh\necho 'install the snap' >&2\nexit 1\n")
    stub.chmod(0o755)

    assert _works(sys.executable)
    assert not _works(str(stub))
    assert not _works(str(tmp_path / "missing"))


def test_a_program_that_never_answers_does_not_work(monkeypatch):
    def never(*args, **kwargs):
        raise subprocess.TimeoutExpired(args, 60)

    monkeypatch.setattr(subprocess, "run", never)

    assert not _works("/usr/bin/chromium")


def test_the_path_is_asked_before_playwright_is_started():
    described = Described("chromium")

    def not_needed():
        raise AssertionError("Playwright's driver was started for nothing")

    assert find(replace(described.machine, playwrights_path=not_needed))
