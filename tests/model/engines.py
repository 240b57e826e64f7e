"""Other engines that check ids, as processes that answer one text after the other."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_ECMASCRIPT: Final = """
const [pattern, refused] = process.argv.slice(1).map((text) => new RegExp(text, "u"));
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const text = JSON.parse(line);
  console.log(pattern.test(text) && !refused.test(text));
});
"""
_JAVA: Final = """
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.regex.Pattern;

public class Matches {
    public static void main(String[] patterns) throws Exception {
        Pattern whole = Pattern.compile(patterns[0]);
        Pattern pattern = Pattern.compile(patterns[1]);
        Pattern refused = Pattern.compile(patterns[2]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            StringBuilder text = new StringBuilder();
            for (String unit : line.isEmpty() ? new String[0] : line.split(" ")) {
                text.append((char) Integer.parseInt(unit));
            }
            System.out.println(whole.matcher(text).matches() + " "
                + (pattern.matcher(text).find() && !refused.matcher(text).find()));
        }
    }
}
"""


class Engine:
    """A process that answers each line with one."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def __enter__(self) -> Self:
        """Return the running engine."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._process.communicate()

    def ask(self, line: str) -> str:
        """Return the answer to a line."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


class EcmaScript(Engine):
    """Node.js: two patterns of a JSON schema, the second under ``not``."""

    def __init__(self, pattern: str, refused: str) -> None:
        super().__init__(_program("node"), "-e", _ECMASCRIPT, pattern, refused)

    def accepts(self, text: str) -> bool:
        """Return whether a text fits the schema."""
        return self.ask(json.dumps(text)) == "true"


class Java(Engine):
    """Java, which API Gateway's mapping templates and the streaming job use: a whole match, and the schema's search."""

    def __init__(self, folder: Path, whole: str, pattern: str, refused: str) -> None:
        source = folder / "Matches.java"
        source.write_text(_JAVA)
        super().__init__(_program("java"), str(source), whole, pattern, refused)

    def accepts(self, text: str) -> tuple[bool, bool]:
        """Return whether a text fits the pattern of the whole, and whether it fits the two of the schema."""
        encoded = text.encode("utf-16-be", "surrogatepass")
        units = (int.from_bytes(encoded[at : at + 2]) for at in range(0, len(encoded), 2))
        whole, _, found = self.ask(" ".join(map(str, units))).partition(" ")
        return whole == "true", found == "true"


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed"
    return found
