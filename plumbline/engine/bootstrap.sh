#!/bin/sh
# Makes .venv what requirements.lock says. Costs a few milliseconds when it is that already: no Python is started.
# PLUMBLINE_PYTHON names the interpreter to build it with; the first Python 3.11 or newer is taken otherwise.
set -eu
cd "$(dirname "$0")/../.."

sha256() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi
}

if [ -x .venv/bin/python ] && [ -f .venv/plumbline-stamp ]; then
    now=$(cat requirements.lock pyproject.toml | sha256 | cut -d ' ' -f 1)
    if [ "$now" = "$(cat .venv/plumbline-stamp)" ]; then exit 0; fi
fi

seen=""
for python in ${PLUMBLINE_PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
    # A name may exist and not run (a pyenv shim), so each is asked instead of looked up.
    version=$("$python" -c 'import ssl, sys; print(sys.version.split()[0], sys.version_info >= (3, 11))' 2>/dev/null) || continue
    case $version in
        *True) PYTHONPATH=. exec "$python" -m plumbline.engine sync ;;
        *) seen="$seen $python is ${version% *};" ;;
    esac
done

echo "python: got${seen:- none that runs;} expected Python 3.11 or newer (with ssl)." >&2
echo "Next step: install one (https://www.python.org/downloads, or your system's packages), or name one with PLUMBLINE_PYTHON." >&2
exit 1
