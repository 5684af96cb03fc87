"""mutmut, which also changes what stands in properties, with as much memory as a test may want and no more.

Run as a file, with `python -P`: the tests that mutmut runs are those it copied, not those beside this file.
"""

import re
import resource
import sys
from typing import Any

# An act that never ends may also fill the memory; then it fails, before the machine does.
MOST_BYTES = 4 * 2**30
PROPERTY = re.compile(r"^( +)@property\n((?:\1def (\w+)\(self\).*\n)(?:\1 .*\n|\n(?=\1 ))+)", re.MULTILINE)


def without_decorators(source: str) -> str:
    """The same properties, written so that no decorator is in the way: mutmut leaves decorated functions alone."""
    return PROPERTY.sub(r"\1# a property\n\2\1\3 = property(\3)\n", source)


if __name__ == "__main__":
    from mutmut import __main__ as mutmut

    write_all = mutmut.write_all_mutants_to_file

    def write(*, out: Any, source: str, filename: Any) -> Any:
        return write_all(out=out, source=without_decorators(source), filename=filename)

    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, resource.RLIM_INFINITY))
    mutmut.write_all_mutants_to_file = write
    sys.argv[0] = "mutmut"
    mutmut.cli()
